/* A recorded step beside the same step run eagerly, ten times over: w -= rate * (x w - t)^T x by kernels of the header,
 * with a rate and rows that change, and rows that must not. Prints what differs; answers 77 where there is no device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatun.h"

enum { ROWS = 33, COLS = 70, STEPS = 10, SKIPPED = 77 };

static gatun_device* device;
static gatun_stream* stream;
static float *weights, *rate;
static float changing_rate, changing_rows[ROWS * COLS], kept_rows[ROWS * COLS];

static void check(gatun_status status, const char* doing) {
  if (status == GATUN_DONE) return;
  fprintf(stderr, "%s: status %d: %s\n", doing, (int)status, gatun_last_error());
  exit(1);
}

static void refuses(gatun_status status, const char* sentence) {
  if (status == GATUN_INVALID && strstr(gatun_last_error(), sentence)) return;
  fprintf(stderr, "status %d, not a refusal with \"%s\": %s\n", (int)status, sentence, gatun_last_error());
  exit(1);
}

static float* floats(gatun_scope* scope, int64_t n) {
  void* address = NULL;
  check(gatun_scope_allocate(scope, &address, n * (int64_t)sizeof(float)), "allocating");
  return address;
}

static void draw(float* to, int64_t n, uint32_t seed) {
  for (int64_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    to[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
  }
}

/** y = x w - t; w -= rate * y^T x, with scopes one behind the other. The last call is for nothing, behind the end of
 * the last array. */
static void step(void) {
  gatun_scope *outer = NULL, *inner = NULL;
  check(gatun_scope_open(device, &outer, 0), "opening a scope");
  float *x = floats(outer, ROWS * COLS), *t = floats(outer, ROWS * COLS);
  float *product = floats(outer, ROWS * COLS), *y = floats(outer, ROWS * COLS);
  check(gatun_copy_to_device(stream, rate, &changing_rate, sizeof changing_rate), "copying");
  check(gatun_copy_to_device(stream, x, changing_rows, sizeof changing_rows / 2), "copying");
  check(gatun_copy_to_device(stream, x + ROWS * COLS / 2, changing_rows + ROWS * COLS / 2, sizeof changing_rows / 2),
        "copying");
  check(gatun_copy_to_device(stream, t, kept_rows, sizeof kept_rows), "copying");
  check(gatun_matmul_forward(stream, product, x, weights, 1, ROWS, COLS, COLS, 0, GATUN_F32), "multiplying");
  check(gatun_binary_forward(stream, y, product, t, 1, ROWS * COLS, 1, GATUN_SUBTRACT, GATUN_F32), "subtracting");
  for (int twice = 0; twice < 2; twice++) {
    check(gatun_scope_open(device, &inner, 0), "opening a scope");
    float *gradient = floats(inner, COLS * COLS), *scaled = floats(inner, COLS * COLS);
    float* const moved = floats(inner, COLS * COLS);
    check(gatun_matmul_forward(stream, gradient, x, y, 1, COLS, COLS, ROWS, 1, GATUN_F32), "multiplying");
    check(gatun_binary_forward(stream, scaled, gradient, rate, COLS * COLS, 1, 1, GATUN_MULTIPLY, GATUN_F32),
          "scaling");
    check(gatun_binary_forward(stream, moved, weights, scaled, 1, COLS * COLS, 1, GATUN_SUBTRACT, GATUN_F32), "moving");
    check(gatun_copy(stream, weights, moved, COLS * COLS * (int64_t)sizeof(float)), "moving");
    float* const last = floats(inner, 1024);
    check(gatun_fill(stream, last, 1024, 0.5, GATUN_F32), "filling");
    check(gatun_fill(stream, last + 1024, 0, 0.5, GATUN_F32), "filling nothing");
    check(gatun_scope_close(inner), "closing a scope");
  }
  check(gatun_scope_close(outer), "closing a scope");
}

static void begin(float* host) {
  draw(host, COLS * COLS, 1);
  check(gatun_copy_to_device(stream, weights, host, COLS * COLS * (int64_t)sizeof(float)), "copying");
  draw(kept_rows, ROWS * COLS, 2);
}

static void change(int at) {
  changing_rate = 1e-3f / (float)(at + 1);
  draw(changing_rows, ROWS * COLS, 100 + (uint32_t)at);
}

static void end(float* host) {
  check(gatun_copy_to_host(stream, host, weights, COLS * COLS * (int64_t)sizeof(float)), "copying");
}

static float eager[COLS * COLS], replayed[COLS * COLS];

static void run_eagerly(void) {
  begin(eager);
  for (int at = 0; at < STEPS; at++) {
    change(at);
    step();
    check(gatun_stream_join(stream), "waiting");
  }
  end(eager);
}

static void refuse_what_cannot_be_replayed(gatun_recording* recording) {
  float value;
  gatun_event* event = NULL;
  check(gatun_event_open(device, &event), "opening an event");
  refuses(gatun_stream_join(stream), "to wait for it cannot be replayed");
  refuses(gatun_copy_to_host(stream, &value, rate, sizeof value), "a copy to the host cannot be replayed");
  refuses(gatun_event_record(event, stream), "an event cannot be replayed");
  refuses(gatun_recording_begin(recording, 0), "records already");
  refuses(gatun_recording_replay(recording), "not complete");
  check(gatun_event_close(event), "closing an event");
}

/* Without anything from the host too, what changes is named before the calls are planned. */
static void refuse_a_late_name(void) {
  gatun_recording* recording = NULL;
  check(gatun_recording_open(stream, &recording), "opening a recording");
  check(gatun_recording_begin(recording, 1), "recording");
  check(gatun_recording_end(recording), "recording");
  refuses(gatun_recording_changing(recording, &changing_rate, sizeof changing_rate), "before calls are recorded");
  refuses(gatun_stream_close(stream), "a recording of the stream is still open");
  check(gatun_recording_close(recording), "closing a recording");
}

static void replay(void) {
  gatun_recording* recording = NULL;
  begin(replayed);
  check(gatun_recording_open(stream, &recording), "opening a recording");
  refuses(gatun_recording_end(recording), "not being made");
  refuses(gatun_recording_begin(recording, 0), "planned before");
  check(gatun_recording_changing(recording, &changing_rate, sizeof changing_rate), "naming what changes");
  check(gatun_recording_changing(recording, changing_rows, sizeof changing_rows), "naming what changes");
  for (int plan = 1; plan >= 0; plan--) {
    check(gatun_recording_begin(recording, plan), "recording");
    step();
    refuse_what_cannot_be_replayed(recording);
    check(gatun_recording_end(recording), "recording");
    if (plan) refuses(gatun_recording_begin(recording, 1), "planned already");
  }
  refuses(gatun_recording_begin(recording, 0), "made already");
  refuses(gatun_recording_changing(recording, weights, 4), "before calls are recorded");
  int64_t calls = 0, bytes = 0, naive = 0;
  check(gatun_recording_size(recording, &calls, &bytes, &naive), "counting");
  if (calls < 10 || bytes <= 0 || bytes >= naive) {
    fprintf(stderr, "%lld calls, %lld bytes of %lld\n", (long long)calls, (long long)bytes, (long long)naive);
    exit(1);
  }
  memset(kept_rows, 0xff, sizeof kept_rows); /* not a number: its bytes were kept */
  for (int at = 0; at < STEPS; at++) {
    change(at);
    check(gatun_recording_replay(recording), "replaying");
    memset(changing_rows, 0xff, sizeof changing_rows); /* they were taken along by the call */
  }
  check(gatun_stream_join(stream), "waiting");
  end(replayed);
  check(gatun_recording_close(recording), "closing a recording");
}

/** A scope that outlives the end spoils it. */
static void leave_a_scope_open(void) {
  gatun_recording* recording = NULL;
  gatun_scope* scope = NULL;
  check(gatun_recording_open(stream, &recording), "opening a recording");
  check(gatun_recording_begin(recording, 1), "recording");
  check(gatun_scope_open(device, &scope, 0), "opening a scope");
  floats(scope, 5);
  refuses(gatun_recording_end(recording), "is still open");
  refuses(gatun_recording_close(recording), "is still open");
  check(gatun_scope_close(scope), "closing a scope");
  refuses(gatun_recording_replay(recording), "not complete");
  check(gatun_recording_close(recording), "closing a recording");
}

int main(void) {
  gatun_scope* scope = NULL;
  const gatun_status opened = gatun_device_open(&device, 0, 2);
  if (opened == GATUN_NO_DEVICE) {
    printf("skipped: %s\n", gatun_last_error());
    return SKIPPED;
  }
  check(opened, "opening the device");
  check(gatun_stream_open(device, &stream), "opening a stream");
  check(gatun_scope_open(device, &scope, 0), "opening a scope");
  weights = floats(scope, COLS * COLS);
  rate = floats(scope, 1);
  static float first[COLS * COLS];
  refuse_a_late_name();
  replay();
  memcpy(first, replayed, sizeof first);
  run_eagerly();
  leave_a_scope_open();
  check(gatun_device_close(device), "closing the device");
  if (memcmp(first, eager, sizeof eager)) {
    fprintf(stderr, "replayed and eager weights differ\n");
    return 1;
  }
  printf("%d replays have the bits of %d eager steps\n", STEPS, STEPS);
  return 0;
}
