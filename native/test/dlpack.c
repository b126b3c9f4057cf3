/* Arrays in and out by DLPack, seen by another library: this program declares the structs by itself, from DLPack's
 * specification, and plays the receiver and the giver. It reads device memory, so it runs where that is the host's: on
 * the CPU and on the emulator. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatun.h"

typedef struct {
  int32_t device_type;
  int32_t device_id;
} DLDevice;

typedef struct {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensor* self);
} DLManagedTensor;

typedef struct {
  uint32_t major;
  uint32_t minor;
} DLPackVersion;

typedef struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensorVersioned* self);
  uint64_t flags;
  DLTensor dl_tensor;
} DLManagedTensorVersioned;

enum { kDLCPU = 1, kDLCUDA = 2, kDLInt = 0, kDLUInt = 1, kDLFloat = 2, kDLBfloat = 4, READ_ONLY = 1 };
enum { ROWS = 300, COLS = 70, COUNT = ROWS * COLS, BYTES = COUNT * 4 };

static int failures = 0;

#define EXPECT(holds)                                                     \
  do {                                                                    \
    if (!(holds)) {                                                       \
      failures++;                                                         \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds); \
    }                                                                     \
  } while (0)

#define EXPECT_REFUSED(call, sentence)                                                                  \
  do {                                                                                                  \
    const gatun_status status = (call);                                                                 \
    if (status != GATUN_INVALID || !strstr(gatun_last_error(), sentence)) {                             \
      failures++;                                                                                       \
      fprintf(stderr, "%s:%d: status %d, \"%s\" in place of \"%s\"\n", __FILE__, __LINE__, (int)status, \
              gatun_last_error(), sentence);                                                            \
    }                                                                                                   \
  } while (0)

static void check(gatun_status status) {
  if (status == GATUN_DONE) return;
  fprintf(stderr, "status %d: %s\n", (int)status, gatun_last_error());
  exit(1);
}

/** The device type that other libraries know this backend by. */
static int device_type(void) { return strcmp(gatun_backend_name(), "cpu") == 0 ? kDLCPU : kDLCUDA; }

/** Whether the process may write there: memory given back to the system is mapped no longer. */
static int is_mapped(const void* address) {
  FILE* maps = fopen("/proc/self/maps", "r");
  unsigned long start, end, at = (unsigned long)address;
  char may[5], line[512];
  int found = 0;
  while (maps && fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx %4s", &start, &end, may) == 3 && at >= start && at < end) found = may[1] == 'w';
  if (maps) fclose(maps);
  return found;
}

static int holds(const float* x, float value) {
  for (int i = 0; i < COUNT; i++)
    if (x[i] != value) return 0;
  return 1;
}

static gatun_device* device;
static gatun_stream* stream;

static gatun_scope* open_scope(void) {
  gatun_scope* scope = NULL;
  check(gatun_scope_open(device, &scope, 0));
  return scope;
}

static void open_device(void) {
  check(gatun_device_open(&device, 0, 1));
  check(gatun_stream_open(device, &stream));
}

static float* filled(gatun_scope* scope, float value) {
  void* x = NULL;
  check(gatun_scope_allocate(scope, &x, BYTES));
  check(gatun_fill(stream, x, COUNT, value, GATUN_F32));
  check(gatun_stream_join(stream));
  return x;
}

static const int64_t sizes[2] = {ROWS, COLS};

static void* exported(gatun_scope* scope, float* x, gatun_dlpack_form form) {
  void* managed = NULL;
  check(gatun_dlpack_export(scope, &managed, x, sizes, 2, GATUN_DLPACK_FLOAT, 32, form));
  return managed;
}

/* ---- Out -------------------------------------------------------------------------------------------------------- */

static void expect_tensor(const DLTensor* tensor, const float* x) {
  EXPECT(tensor->data == x && tensor->byte_offset == 0);
  EXPECT(tensor->device.device_type == device_type() && tensor->device.device_id == 0);
  EXPECT(tensor->ndim == 2 && tensor->shape[0] == ROWS && tensor->shape[1] == COLS);
  EXPECT(tensor->strides && tensor->strides[0] == COLS && tensor->strides[1] == 1);
  EXPECT(tensor->dtype.code == kDLFloat && tensor->dtype.bits == 32 && tensor->dtype.lanes == 1);
}

static void fields_are_those_of_the_specification(void) {
  gatun_scope* scope = open_scope();
  float* x = filled(scope, 1);
  DLManagedTensor* plain = exported(scope, x, GATUN_DLPACK_PLAIN);
  expect_tensor(&plain->dl_tensor, x);
  plain->deleter(plain);
  DLManagedTensorVersioned* versioned = exported(scope, x, GATUN_DLPACK_VERSIONED);
  EXPECT(versioned->version.major == 1 && versioned->flags == 0);
  expect_tensor(&versioned->dl_tensor, x);
  versioned->deleter(versioned);
  EXPECT(holds(x, 1)); /* the scope is still open */

  void* scalar = NULL;
  check(gatun_dlpack_export(scope, &scalar, x, NULL, 0, GATUN_DLPACK_BFLOAT, 16, GATUN_DLPACK_PLAIN));
  const DLTensor* tensor = &((DLManagedTensor*)scalar)->dl_tensor;
  EXPECT(tensor->ndim == 0 && tensor->dtype.code == kDLBfloat && tensor->dtype.bits == 16);
  check(gatun_dlpack_delete(scalar, GATUN_DLPACK_PLAIN));
  check(gatun_scope_close(scope));
}

static void* delete_plain(void* managed) {
  ((DLManagedTensor*)managed)->deleter(managed);
  return NULL;
}

static void memory_stays_until_the_last_deleter(void) {
  open_device();
  gatun_scope* scope = open_scope();
  float* x = filled(scope, 2);
  DLManagedTensor* first = exported(scope, x, GATUN_DLPACK_PLAIN);
  DLManagedTensorVersioned* second = exported(scope, x, GATUN_DLPACK_VERSIONED);
  check(gatun_scope_close(scope));
  filled(open_scope(), 3); /* another scope takes the memory of one that was closed, but not this */
  EXPECT(holds(x, 2));
  second->deleter(second);
  filled(open_scope(), 4);
  EXPECT(holds(x, 2));
  check(gatun_device_close(device));
  EXPECT(is_mapped(x) && holds(x, 2));
  EXPECT(first->dl_tensor.shape[0] == ROWS);
  pthread_t other;
  EXPECT(pthread_create(&other, NULL, delete_plain, first) == 0);
  pthread_join(other, NULL);
  EXPECT(!is_mapped(x));
}

/** Where all are deleted before the scope is closed, its memory serves the next one and goes with the device. */
static void memory_given_back_early_serves_again(void) {
  open_device();
  int64_t free_bytes, total_bytes, held_before, held_after;
  gatun_scope* scope = open_scope();
  float* x = filled(scope, 5);
  check(gatun_device_memory(device, &free_bytes, &total_bytes, &held_before));
  check(gatun_dlpack_delete(exported(scope, x, GATUN_DLPACK_VERSIONED), GATUN_DLPACK_VERSIONED));
  check(gatun_scope_close(scope));
  EXPECT(filled(open_scope(), 6) == x);
  check(gatun_device_memory(device, &free_bytes, &total_bytes, &held_after));
  EXPECT(held_before == held_after);
  check(gatun_device_close(device));
  EXPECT(!is_mapped(x));
}

static void kept_memory_leaves_the_devices_count(void) {
  open_device();
  int64_t free_bytes, total_bytes, held;
  gatun_scope* scope = open_scope();
  void* managed = exported(scope, filled(scope, 7), GATUN_DLPACK_PLAIN);
  check(gatun_scope_close(scope));
  check(gatun_device_memory(device, &free_bytes, &total_bytes, &held));
  EXPECT(held == 0);
  check(gatun_device_close(device));
  check(gatun_dlpack_delete(managed, GATUN_DLPACK_PLAIN));
}

static void what_cannot_go_out_is_refused(void) {
  gatun_scope* scope = open_scope();
  float* x = filled(scope, 1);
  void* managed = NULL;
  static float stranger[4];
  const int64_t four = 4, negative = -1, huge[3] = {0, INT64_MAX / 2, INT64_MAX / 2};
  const int64_t beyond = (int64_t)1 << 40;
#define REFUSED(sentence, address, shape, rank, type, bits, form) \
  EXPECT_REFUSED(gatun_dlpack_export(scope, &managed, address, shape, rank, type, bits, form), sentence)
  REFUSED("only its owner", stranger, &four, 1, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("only its owner", x, &beyond, 1, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("must not be negative", x, &negative, 1, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("too many to count", x, huge, 3, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("it may have 0 to 64", x, &four, 65, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("sizes are null", x, NULL, 1, GATUN_DLPACK_FLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("type code 2 with 16 bits", x, &four, 1, GATUN_DLPACK_FLOAT, 16, GATUN_DLPACK_PLAIN);
  REFUSED("type code 4 with 32 bits", x, &four, 1, GATUN_DLPACK_BFLOAT, 32, GATUN_DLPACK_PLAIN);
  REFUSED("form is 2", x, &four, 1, GATUN_DLPACK_FLOAT, 32, 2);
  EXPECT_REFUSED(gatun_dlpack_delete(NULL, GATUN_DLPACK_PLAIN), "is null");
  EXPECT(managed == NULL);
  check(gatun_scope_close(scope));
}

/* ---- In --------------------------------------------------------------------------------------------------------- */

/** What this program gives: a struct of each form over the same tensor, whose deleters count. */
static struct Given {
  DLManagedTensor plain;
  DLManagedTensorVersioned versioned;
  int64_t shape[2], strides[2];
  int deleted;
} given;

static void delete_given(DLManagedTensor* self) { ((struct Given*)self->manager_ctx)->deleted++; }
static void delete_versioned(DLManagedTensorVersioned* self) { ((struct Given*)self->manager_ctx)->deleted++; }

/** Both forms over the (3, 2) floats that begin 8 bytes behind `data`. */
static DLTensor* give(void* data) {
  const DLTensor tensor = {data, {device_type(), 0}, 2, {kDLFloat, 32, 1}, given.shape, given.strides, 8};
  given.shape[0] = 3, given.shape[1] = 2, given.strides[0] = 2, given.strides[1] = 1;
  given.plain.dl_tensor = given.versioned.dl_tensor = tensor;
  given.plain.manager_ctx = given.versioned.manager_ctx = &given;
  given.plain.deleter = delete_given;
  given.versioned.deleter = delete_versioned;
  given.versioned.version.major = 1, given.versioned.version.minor = 9;
  given.versioned.flags = 0;
  given.deleted = 0;
  return &given.plain.dl_tensor;
}

typedef struct {
  void* address;
  int64_t sizes[GATUN_DLPACK_MOST_AXES];
  int32_t rank, bits;
  gatun_dlpack_type type;
} Taken;

static gatun_status take(gatun_scope* scope, Taken* taken, gatun_dlpack_form form) {
  void* managed = form == GATUN_DLPACK_PLAIN ? (void*)&given.plain : (void*)&given.versioned;
  return gatun_dlpack_import(scope, &taken->address, taken->sizes, &taken->rank, &taken->type, &taken->bits, managed,
                             form);
}

/** Memory of the test's own, as another library takes it from the device. */
static gatun_scope* lender;
static float* lent;

static void an_array_is_taken_over_and_given_back_once(gatun_dlpack_form form) {
  gatun_scope* scope = open_scope();
  Taken taken;
  give(lent);
  check(take(scope, &taken, form));
  EXPECT(taken.address == lent + 2 && taken.rank == 2 && taken.sizes[0] == 3 && taken.sizes[1] == 2);
  EXPECT(taken.type == GATUN_DLPACK_FLOAT && taken.bits == 32);
  check(gatun_fill(stream, taken.address, 6, 8, GATUN_F32));
  EXPECT_REFUSED(take(scope, &taken, form), "before");
  EXPECT(given.deleted == 0);
  check(gatun_scope_close(scope));
  EXPECT(given.deleted == 1);
  EXPECT(lent[1] == 1 && lent[2] == 8 && lent[7] == 8 && lent[8] == 1);
}

static void closing_the_device_gives_back_once(void) {
  gatun_device* const first = device;
  gatun_stream* const first_stream = stream;
  open_device();
  Taken taken;
  give(lent);
  check(take(open_scope(), &taken, GATUN_DLPACK_PLAIN));
  check(gatun_device_close(device));
  EXPECT(given.deleted == 1);
  device = first;
  stream = first_stream;
}

static void what_was_handed_on_is_given_back_after_that(void) {
  gatun_scope* scope = open_scope();
  Taken taken;
  give(lent);
  check(take(scope, &taken, GATUN_DLPACK_VERSIONED));
  void* on = NULL;
  check(gatun_dlpack_export(scope, &on, taken.address, taken.sizes, taken.rank, taken.type, taken.bits,
                            GATUN_DLPACK_PLAIN));
  check(gatun_scope_close(scope));
  EXPECT(given.deleted == 0);
  check(gatun_dlpack_delete(on, GATUN_DLPACK_PLAIN));
  EXPECT(given.deleted == 1);
}

static void other_forms_of_row_major_are_taken(void) {
  gatun_scope* scope = open_scope();
  Taken taken;
  give(lent)->strides = NULL;
  check(take(scope, &taken, GATUN_DLPACK_PLAIN));
  check(gatun_scope_close(scope));

  scope = open_scope();
  give(lent);
  given.shape[0] = 1, given.strides[0] = 77; /* along one element nothing is skipped */
  given.plain.deleter = NULL;
  check(take(scope, &taken, GATUN_DLPACK_PLAIN));
  check(gatun_scope_close(scope));

  scope = open_scope();
  give(lent)->data = NULL; /* no elements, no memory */
  given.shape[1] = 0, given.plain.dl_tensor.byte_offset = 0;
  check(take(scope, &taken, GATUN_DLPACK_PLAIN));
  EXPECT(taken.sizes[0] == 3 && taken.sizes[1] == 0);
  check(gatun_scope_close(scope));
  EXPECT(given.deleted == 1);
}

static void what_cannot_come_in_is_refused_and_stays_the_callers(void) {
  gatun_scope* scope = open_scope();
  Taken taken;
#define NOT_TAKEN(change, sentence)                                        \
  do {                                                                     \
    DLTensor* tensor = give(lent);                                         \
    (void)tensor;                                                          \
    change;                                                                \
    given.versioned.dl_tensor = given.plain.dl_tensor;                     \
    EXPECT_REFUSED(take(scope, &taken, GATUN_DLPACK_PLAIN), sentence);     \
    EXPECT_REFUSED(take(scope, &taken, GATUN_DLPACK_VERSIONED), sentence); \
  } while (0)
  NOT_TAKEN(given.strides[0] = 3, "stride 0 is 3 elements, not the 2 of row-major order");
  NOT_TAKEN((given.strides[0] = 1, given.strides[1] = 3), "stride 0 is 1 elements");
  NOT_TAKEN(tensor->dtype.lanes = 4, "4 lanes");
  NOT_TAKEN(tensor->dtype.code = kDLUInt, "type code 1 with 32 bits");
  NOT_TAKEN(tensor->dtype.bits = 16, "type code 2 with 16 bits");
  NOT_TAKEN(tensor->device.device_id = 1, "number 1, not on this device");
  NOT_TAKEN(tensor->device.device_type = device_type() == kDLCPU ? kDLCUDA : kDLCPU, "not on this device");
  NOT_TAKEN(tensor->byte_offset = 6, "no multiple of the 4 bytes");
  NOT_TAKEN(given.shape[1] = -2, "must not be negative");
  NOT_TAKEN((given.shape[0] = INT64_MAX, given.shape[1] = 2), "too many to count");
  NOT_TAKEN(tensor->ndim = 65, "65 axes");
  NOT_TAKEN(tensor->ndim = -1, "-1 axes");
  NOT_TAKEN(tensor->shape = NULL, "sizes are null");
  NOT_TAKEN((tensor->data = NULL), "address is null");
  give(lent);
  given.versioned.flags = READ_ONLY;
  EXPECT_REFUSED(take(scope, &taken, GATUN_DLPACK_VERSIONED), "read-only");
  give(lent);
  given.versioned.version.major = 2;
  EXPECT_REFUSED(take(scope, &taken, GATUN_DLPACK_VERSIONED), "version 2.9");
  EXPECT_REFUSED(take(scope, &taken, 2), "form is 2");
  check(gatun_scope_close(scope));
  EXPECT(given.deleted == 0);
}

int main(void) {
  memory_stays_until_the_last_deleter();
  memory_given_back_early_serves_again();
  kept_memory_leaves_the_devices_count();
  open_device();
  lender = open_scope();
  lent = filled(lender, 1);
  fields_are_those_of_the_specification();
  what_cannot_go_out_is_refused();
  an_array_is_taken_over_and_given_back_once(GATUN_DLPACK_PLAIN);
  an_array_is_taken_over_and_given_back_once(GATUN_DLPACK_VERSIONED);
  closing_the_device_gives_back_once();
  what_was_handed_on_is_given_back_after_that();
  other_forms_of_row_major_are_taken();
  what_cannot_come_in_is_refused_and_stays_the_callers();
  check(gatun_device_close(device));
  if (!failures) printf("arrays go out and come in on %s\n", gatun_backend_name());
  return failures != 0;
}
