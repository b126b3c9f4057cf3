/* A program in plain C that runs a layer on device memory: h = layer norm(x), y = gelu(h weight + bias), and compares
 * y with its own loops. It prints the largest difference and answers 0 when that is small, 77 where there is no
 * device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gatun.h"

enum { ROWS = 37, IN = 48, OUT = 65, SKIPPED = 77 };

/** Ends the program with the library's sentence when a call failed. */
static void check(gatun_status status) {
  if (status == GATUN_DONE) return;
  fprintf(stderr, "status %d: %s\n", (int)status, gatun_last_error());
  exit(1);
}

static float* allocate(gatun_scope* scope, int64_t n) {
  void* address = NULL;
  check(gatun_scope_allocate(scope, &address, n * (int64_t)sizeof(float)));
  return address;
}

/** Device memory filled with numbers between -1 and 1, of which the host keeps a copy. */
static float* numbers(gatun_stream* stream, gatun_scope* scope, float* host, int64_t n) {
  static uint32_t state = 1;
  for (int64_t i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    host[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
  float* device = allocate(scope, n);
  check(gatun_copy_to_device(stream, device, host, n * (int64_t)sizeof(float)));
  return device;
}

static float x[ROWS * IN], norm_weight[IN], norm_bias[IN], weight[IN * OUT], bias[OUT], y[ROWS * OUT];

static void run_on_device(gatun_stream* stream, gatun_scope* scope) {
  const float* device_x = numbers(stream, scope, x, ROWS * IN);
  const float* device_norm_weight = numbers(stream, scope, norm_weight, IN);
  const float* device_norm_bias = numbers(stream, scope, norm_bias, IN);
  const float* device_weight = numbers(stream, scope, weight, IN * OUT);
  const float* device_bias = numbers(stream, scope, bias, OUT);
  float *h = allocate(scope, ROWS * IN), *mean = allocate(scope, ROWS), *rstd = allocate(scope, ROWS);
  float *pre = allocate(scope, ROWS * OUT), *device_y = allocate(scope, ROWS * OUT);
  check(gatun_layernorm_forward(stream, h, mean, rstd, device_x, device_norm_weight, device_norm_bias, ROWS, IN, 1e-5,
                                GATUN_F32));
  check(gatun_linear_forward(stream, device_y, pre, h, device_weight, device_bias, ROWS, IN, OUT, GATUN_GELU_ACTIVATION,
                             GATUN_F32));
  check(gatun_copy_to_host(stream, y, device_y, sizeof y));
}

static void normalize(double* h, const float* row) {
  double mean = 0, variance = 0;
  for (int c = 0; c < IN; c++) mean += row[c] / (double)IN;
  for (int c = 0; c < IN; c++) variance += (row[c] - mean) * (row[c] - mean) / IN;
  for (int c = 0; c < IN; c++) h[c] = (row[c] - mean) / sqrt(variance + 1e-5) * norm_weight[c] + norm_bias[c];
}

static double gelu(double z) { return z / 2 * (1 + tanh(0.79788456080286536 * (z + 0.044715 * z * z * z))); }

static double largest_difference(void) {
  double largest = 0;
  for (int r = 0; r < ROWS; r++) {
    double h[IN];
    normalize(h, x + r * IN);
    for (int o = 0; o < OUT; o++) {
      double sum = bias[o];
      for (int i = 0; i < IN; i++) sum += h[i] * weight[i * OUT + o];
      const double difference = fabs(y[r * OUT + o] - gelu(sum));
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}

int main(void) {
  gatun_device* device = NULL;
  gatun_stream* stream = NULL;
  gatun_scope* scope = NULL;
  const gatun_status opened = gatun_device_open(&device, 0, 0);
  if (opened == GATUN_NO_DEVICE) {
    printf("skipped: %s\n", gatun_last_error());
    return SKIPPED;
  }
  check(opened);
  check(gatun_stream_open(device, &stream));
  check(gatun_scope_open(device, &scope, 0));
  run_on_device(stream, scope);
  const double difference = largest_difference();
  printf("%s library, header %s: the layer differs by at most %.1e\n", gatun_backend_name(), gatun_header_hash(),
         difference);

  const gatun_status refused = gatun_layernorm_forward(stream, x, x, x, x, x, x, -1, IN, 1e-5, GATUN_F32);
  printf("a negative row count: status %d, \"%s\"\n", (int)refused, gatun_last_error());
  check(gatun_device_close(device));
  return difference < 1e-5 && refused == GATUN_INVALID ? 0 : 1;
}
