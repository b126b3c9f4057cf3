/* gatun.h: the whole of Gatun's C interface. Each backend (libgatun_cpu.so, libgatun_cuda.so) is one library
 * with exactly these functions; choosing a device is choosing a library.
 *
 * This header is also the table from which the Java bindings and the contract tests are made. Each array argument
 * states its manner and its extent in elements:
 *
 *   GATUN_OUT(n)      every element is written; what stood there is never read. Also: scratch that a kernel may use.
 *   GATUN_ACC(n)      a gradient. Bit i of `fresh` says that the i-th ACC argument of the call (counted from 0) is
 *                     overwritten, every element of it; a clear bit says that it is added into.
 *   GATUN_INOUT(n)    read and updated in place.
 *   GATUN_IN(n)       only read. `<limit` after the extent bounds integers from above (they are not negative);
 *                     `ignorable` allows negative ones, which leave their row out; `ascending` ones begin at 0, do
 *                     not fall and end at the limit less 1.
 *   GATUN_TABLE(n)    n addresses of arrays; the comment says what is done to those.
 *   ..._OPT           may be null: an output not wanted, or an input that counts as zero.
 * Arrays and tables lie in the device's memory. What a call writes must not overlap what else it is given, unless the
 * comment says so.
 *
 * Types. `void*` points to elements of `dtype`. `gatun_wide*` points to statistics, losses, biases, norm weights and
 * gradients of parameters: float for GATUN_F32 and GATUN_BF16, double for GATUN_F64. Matrices are row-major. Sizes
 * count elements and may be 0 where a row count is meant; a size in bytes ends in _bytes. The CPU backend takes
 * subnormal numbers (under 2^-126 in fp32) as 0, in what it computes from and in what it computes; copies, and the
 * narrowing of masters, bring them along.
 *
 * Errors. Every function answers 0, or a status for which gatun_last_error() has a sentence. A call that fails has
 * not started its work, unless the status is GATUN_DEVICE_LOST, or GATUN_OUT_OF_MEMORY where memory ran out midway.
 * What lies in the device's memory is known when the work comes to it: of a replay and of a block some kernels may be
 * done when an index is refused, and CUDA refuses one when the stream is joined.
 *
 * Order. A call on a stream may return before its work is done; calls on one stream run in order;
 * gatun_stream_join() waits. What changes from one step of a training run to the next (learning rate, step count,
 * random key, position) is read from device memory, so that a recorded step can be replayed.
 *
 * Threads. A device, its streams and its scopes belong to the thread that opened the device.
 */
#ifndef GATUN_H
#define GATUN_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GATUN_API __attribute__((visibility("default")))
#define GATUN_OUT(...)
#define GATUN_OUT_OPT(...)
#define GATUN_ACC(...)
#define GATUN_ACC_OPT(...)
#define GATUN_INOUT(...)
#define GATUN_INOUT_OPT(...)
#define GATUN_IN(...) const
#define GATUN_IN_OPT(...) const
#define GATUN_TABLE(...)
#define GATUN_TABLE_OPT(...)

typedef int32_t gatun_status;
enum {
  GATUN_DONE = 0,
  GATUN_INVALID = 1,       /* an argument that cannot be served */
  GATUN_OUT_OF_MEMORY = 2, /* asked, free and total bytes are in the sentence */
  GATUN_UNSUPPORTED = 3,   /* sound, but not offered by this backend */
  GATUN_NO_DEVICE = 4,     /* the machine lacks what this backend needs */
  GATUN_DEVICE_LOST = 5,   /* the device failed while working; only closing it is left */
  GATUN_INTERNAL = 6       /* a defect of the library */
};

typedef int32_t gatun_dtype;
enum { GATUN_F32 = 0, GATUN_F64 = 1, GATUN_BF16 = 2 };

typedef void gatun_wide;
typedef struct gatun_device gatun_device;
typedef struct gatun_stream gatun_stream;
typedef struct gatun_event gatun_event;
typedef struct gatun_scope gatun_scope;

/* ---- The library ------------------------------------------------------------------------------------------------ */

/** The sentence for the last failed call of this thread; never null; valid until this thread's next failed call. */
GATUN_API const char* gatun_last_error(void);

/** 16 hexadecimal digits: the hash of the header this library was built from, comments and white space left out. */
GATUN_API const char* gatun_header_hash(void);

/** "cpu", "cuda" or "emu". */
GATUN_API const char* gatun_backend_name(void);

/** Which cuBLASLt the CUDA backend multiplies matrices with: a file, or "none" for the library's own kernels. Asked
 * before the first stream of the process is opened; else the environment variable GATUN_CUBLASLT decides in the same way,
 * else libcublasLt.so.13 or .12 where the loader finds one. Other backends take no notice. */
GATUN_API gatun_status gatun_choose_cublaslt(const char* file);

/* ---- Device, stream, memory ------------------------------------------------------------------------------------- */

/** Opens device `ordinal` for the calling thread. `threads` is the number of threads the CPU works with, 1024 at the
 * most; 0 takes all that the process may use. Results have the same bits from run to run at the same number. The
 * environment variable GATUN_CPU_LEVEL (v2, v3, v4: the x86-64 levels) lowers the instruction set. The CPU's
 * first of a process has glibc's malloc keep up to 62 MiB that are freed in each of its arenas, unless the process has
 * told it otherwise, since oneDNN asks for its room in each product. */
GATUN_API gatun_status gatun_device_open(gatun_device** device, int32_t ordinal, int32_t threads);

/** Closes the device with all that was opened on it. Null does nothing. */
GATUN_API gatun_status gatun_device_close(gatun_device* device);

/** Writes lines of the form "key: value" about the device and the libraries in use, ended by a zero byte and cut to
 * `capacity_bytes`. */
GATUN_API gatun_status gatun_device_describe(gatun_device* device, char* text, int64_t capacity_bytes);

/** free_bytes: what another scope could still take; held_bytes: taken from the system by this device, for scopes
 * and recordings, in use or kept for the next scope. */
GATUN_API gatun_status gatun_device_memory(gatun_device* device, int64_t* free_bytes, int64_t* total_bytes,
                                           int64_t* held_bytes);

/** Gives memory that no scope uses back to the system. */
GATUN_API gatun_status gatun_device_trim(gatun_device* device);

GATUN_API gatun_status gatun_stream_open(gatun_device* device, gatun_stream** stream);
GATUN_API gatun_status gatun_stream_close(gatun_stream* stream);

/** The same over a stream of another library: `foreign` is a cudaStream_t, which is a CUstream too, of the device's
 * primary context; null is the legacy default stream. It must outlive the wrapped one, whose closing waits for its work
 * and leaves it open. Only CUDA has such streams. */
GATUN_API gatun_status gatun_stream_wrap(gatun_device* device, gatun_stream** stream, void* foreign);

/** Waits until all calls on the stream are done. */
GATUN_API gatun_status gatun_stream_join(gatun_stream* stream);

/** A point in the order of a stream, once it was recorded there. */
GATUN_API gatun_status gatun_event_open(gatun_device* device, gatun_event** event);
GATUN_API gatun_status gatun_event_close(gatun_event* event);

/** Sets the event behind all calls on the stream so far; where it stood before is forgotten. */
GATUN_API gatun_status gatun_event_record(gatun_event* event, gatun_stream* stream);

/** Later calls on the stream start when all calls before the recorded event are done; the host does not wait. */
GATUN_API gatun_status gatun_event_await(gatun_event* event, gatun_stream* stream);

/** The time from one recorded event to another, for which it waits. */
GATUN_API gatun_status gatun_event_elapsed(gatun_event* from, gatun_event* to, double* milliseconds);

/** An arena of device memory. `cap_bytes` bounds what may be allocated in it; 0 sets no bound. */
GATUN_API gatun_status gatun_scope_open(gatun_device* device, gatun_scope** scope, int64_t cap_bytes);

/** Frees all that was allocated in the scope, in stream order; its memory serves the next scopes. */
GATUN_API gatun_status gatun_scope_close(gatun_scope* scope);

/** Uninitialised memory, aligned to 256 bytes, that lives as long as the scope. 0 bytes give an address that must not
 * be read. */
GATUN_API gatun_status gatun_scope_allocate(gatun_scope* scope, void** address, int64_t bytes);

/** Memory of another library that kernels are to use. Its owner keeps it until the scope is closed, which waits for all
 * that was asked of the device; what was recorded over it cannot be replayed then. Refused is what kernels of the device
 * must not be given: CUDA takes device and managed memory that belongs to the device's primary context, or to none, as
 * that of memory pools does; the CPU takes what is not null. */
GATUN_API gatun_status gatun_scope_lend(gatun_scope* scope, const void* address, int64_t bytes);

/** Memory of the host that the device reaches by itself (page-locked): a copy out of it runs while the host goes on, and
 * it must be left as it is until the stream is joined or an event behind the copy has passed. Closing the device frees
 * it. */
GATUN_API gatun_status gatun_pinned_allocate(gatun_device* device, void** host_address, int64_t bytes);
GATUN_API gatun_status gatun_pinned_free(gatun_device* device, void* host_address);

/** Of other memory of the host a copy has been taken when the call returns. */
GATUN_API gatun_status gatun_copy_to_device(gatun_stream* stream, void* device_address, const void* host_address,
                                            int64_t bytes);

/** Copies and waits until the bytes are there. */
GATUN_API gatun_status gatun_copy_to_host(gatun_stream* stream, void* host_address, const void* device_address,
                                          int64_t bytes);

/** From the device to the device. The two places do not overlap. */
GATUN_API gatun_status gatun_copy(gatun_stream* stream, void* to, const void* from, int64_t bytes);

/* ---- Recordings ------------------------------------------------------------------------------------------------- */

/** The calls of one stream, which run again with one call: a step of training, say. What changes from one replay to the
 * next lies in device memory, or in memory of the host that gatun_recording_changing names. */
typedef struct gatun_recording gatun_recording;

/** An empty one. It must be closed before its stream. */
GATUN_API gatun_status gatun_recording_open(gatun_stream* stream, gatun_recording** recording);

/** Until gatun_recording_end, calls on the stream are checked but not run. The same calls come twice. First with `plan` =
 * 1: nothing is kept of them, but what running them takes is made ready, memory, loaded kernels, chosen algorithms. Then
 * with `plan` = 0: they are kept, and must be the same calls with the same arrays and numbers. (The CPU chooses how it
 * multiplies when the first replay comes to it.) Scopes that are opened meanwhile have memory of the recording's own,
 * and are closed before its end. Refused is what cannot be replayed, which is copies to the host, joining the stream and
 * events on it; whatever another stream of the device is asked to compute or to copy; and opening or closing streams.
 * One recording of a device is made at a time. */
GATUN_API gatun_status gatun_recording_begin(gatun_recording* recording, int32_t plan);
GATUN_API gatun_status gatun_recording_end(gatun_recording* recording);

/** Memory of the host that may hold other bytes at each replay; named until the calls have been planned, and left where
 * it is until the recording is closed. A recorded copy from there to the device brings what it holds when
 * gatun_recording_replay is called; any other copy from the host brings what it brought when it was recorded. */
GATUN_API gatun_status gatun_recording_changing(gatun_recording* recording, const void* host_address, int64_t bytes);

/** Runs the recorded calls in their order on the stream. Does not wait. Refused once a scope is closed whose memory they
 * use; where they use tables of addresses, that is every scope that lay open then. */
GATUN_API gatun_status gatun_recording_replay(gatun_recording* recording);

/** How many calls it holds (of a GPU: nodes of its graph); how much memory the scopes that were opened while it was made
 * take in it, which all recordings of a stream share; and how much they would take if each array had a place of its own.
 * An array keeps its place from the first call that uses it to the last. */
GATUN_API gatun_status gatun_recording_size(gatun_recording* recording, int64_t* calls, int64_t* held_bytes,
                                            int64_t* naive_bytes);

/** Writes it into an existing folder as a program, step.c, with the files it reads: buffers.bin, what the arrays that it
 * uses hold now, and images.bin, what it reads from the host. Compiled and linked with this library it records and
 * replays the same calls, on a device of the same number with as many threads, and computes the same bits. Waits.
 * Refused are steps that use tables of addresses, or memory of other libraries. */
GATUN_API gatun_status gatun_recording_write(gatun_recording* recording, const char* folder);

/** Waits for replays under way. Null does nothing. */
GATUN_API gatun_status gatun_recording_close(gatun_recording* recording);

/* ---- Arrays in and out: DLPack ---------------------------------------------------------------------------------- */

typedef int32_t gatun_dlpack_form;
enum {
  GATUN_DLPACK_PLAIN = 0,    /* a DLManagedTensor */
  GATUN_DLPACK_VERSIONED = 1 /* a DLManagedTensorVersioned of major version 1 */
};

typedef int32_t gatun_dlpack_type;
enum { GATUN_DLPACK_INT = 0, GATUN_DLPACK_FLOAT = 2, GATUN_DLPACK_BFLOAT = 4 };

enum { GATUN_DLPACK_MOST_AXES = 64 };

/** Makes *managed over an array in row-major order that lies in memory of the scope. Whoever receives it calls its deleter
 * once, from any thread, when all work with the array is done. Until then the memory stays, even when scope and device
 * are closed before; the scope's chunks that hold it then serve no other scope. Work on the array that was asked of a
 * stream may still be under way: join the stream first, or make the receiver wait. */
GATUN_API gatun_status gatun_dlpack_export(gatun_scope* scope, void** managed, void* address, const int64_t* sizes,
                                           int32_t rank, gatun_dlpack_type type, int32_t bits, gatun_dlpack_form form);

/** Takes a managed array over: the scope calls the deleter once, when it is closed and its streams' work is done, and
 * when arrays exported from it have been given back. One that is refused stays the caller's. `sizes` has room for
 * GATUN_DLPACK_MOST_AXES. Refused are strides that are not those of row-major order, other types than integers of 32
 * and 64 bits and floats of 32, 64 and, as bfloat, 16, several lanes, read-only arrays, and those of other devices. */
GATUN_API gatun_status gatun_dlpack_import(gatun_scope* scope, void** address, int64_t* sizes, int32_t* rank,
                                           gatun_dlpack_type* type, int32_t* bits, void* managed,
                                           gatun_dlpack_form form);

/** Calls the deleter of one that nobody has taken over. From any thread. */
GATUN_API gatun_status gatun_dlpack_delete(void* managed, gatun_dlpack_form form);

/* ---- Elementwise ------------------------------------------------------------------------------------------------ */

typedef int32_t gatun_unary;
enum {
  GATUN_EXP = 0,
  GATUN_LOG = 1,
  GATUN_TANH = 2,
  GATUN_RELU = 3,
  GATUN_SIGMOID = 4,
  GATUN_SQUARE = 5,
  GATUN_SCALE = 6, /* alpha * x */
  GATUN_SHIFT = 7, /* x + alpha */
  GATUN_GELU = 8   /* x / 2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) */
};

typedef int32_t gatun_binary;
enum {
  GATUN_ADD = 0,
  GATUN_SUBTRACT = 1, /* a - b */
  GATUN_MULTIPLY = 2,
  GATUN_DIVIDE = 3,            /* a / b */
  GATUN_REVERSE_SUBTRACT = 4,  /* b - a */
  GATUN_REVERSE_DIVIDE = 5     /* b / a */
};

/** y = f(x), element by element; `alpha` is read by the kinds that name it. Reads n, writes n. */
GATUN_API gatun_status gatun_unary_forward(gatun_stream* stream, GATUN_OUT(n) void* y, GATUN_IN(n) void* x, int64_t n,
                                           double alpha, gatun_unary kind, gatun_dtype dtype);

/** dx = dy * f'(x). The derivative of RELU at 0 is 0. Reads 2n, writes n. */
GATUN_API gatun_status gatun_unary_pullback(gatun_stream* stream, GATUN_ACC(n) void* dx, GATUN_IN(n) void* dy,
                                            GATUN_IN(n) void* x, int64_t n, double alpha, gatun_unary kind,
                                            int32_t fresh, gatun_dtype dtype);

/** y[o,m,i] = f(a[o,m,i], b[m]): b is broadcast over the axes before and behind its own. Equal shapes: middle = n,
 * outer = inner = 1. A row: inner = 1. A column: outer = 1. A scalar: middle = 1. */
GATUN_API gatun_status gatun_binary_forward(gatun_stream* stream, GATUN_OUT(outer*middle*inner) void* y,
                                            GATUN_IN(outer*middle*inner) void* a, GATUN_IN(middle) void* b,
                                            int64_t outer, int64_t middle, int64_t inner, gatun_binary kind,
                                            gatun_dtype dtype);

/** Gradients of both arguments; that of b is summed over the axes it was broadcast along, in a fixed order. */
GATUN_API gatun_status gatun_binary_pullback(gatun_stream* stream, GATUN_ACC_OPT(outer*middle*inner) void* da,
                                             GATUN_ACC_OPT(middle) void* db, GATUN_IN(outer*middle*inner) void* dy,
                                             GATUN_IN(outer*middle*inner) void* a, GATUN_IN(middle) void* b,
                                             int64_t outer, int64_t middle, int64_t inner, gatun_binary kind,
                                             int32_t fresh, gatun_dtype dtype);

/* ---- Reductions and shapes -------------------------------------------------------------------------------------- */

typedef int32_t gatun_reduction;
enum { GATUN_SUM = 0, GATUN_MEAN = 1 };

/** y[o,i] = sum or mean over m of x[o,m,i]. */
GATUN_API gatun_status gatun_reduce_forward(gatun_stream* stream, GATUN_OUT(outer*inner) void* y,
                                            GATUN_IN(outer*middle*inner) void* x, int64_t outer, int64_t middle,
                                            int64_t inner, gatun_reduction kind, gatun_dtype dtype);

/** dx[o,m,i] = dy[o,i], divided by `middle` for the mean. */
GATUN_API gatun_status gatun_reduce_pullback(gatun_stream* stream, GATUN_ACC(outer*middle*inner) void* dx,
                                             GATUN_IN(outer*inner) void* dy, int64_t outer, int64_t middle,
                                             int64_t inner, gatun_reduction kind, int32_t fresh, gatun_dtype dtype);

/** y[b,c,r] = x[b,r,c]. */
GATUN_API gatun_status gatun_transpose_forward(gatun_stream* stream, GATUN_OUT(batch*rows*cols) void* y,
                                               GATUN_IN(batch*rows*cols) void* x, int64_t batch, int64_t rows,
                                               int64_t cols, gatun_dtype dtype);

/** dx[b,r,c] = dy[b,c,r]; rows and cols are those of x. */
GATUN_API gatun_status gatun_transpose_pullback(gatun_stream* stream, GATUN_ACC(batch*rows*cols) void* dx,
                                                GATUN_IN(batch*rows*cols) void* dy, int64_t batch, int64_t rows,
                                                int64_t cols, int32_t fresh, gatun_dtype dtype);

/** y[o,j,i] = x[o,start+j,i] for j < count. */
GATUN_API gatun_status gatun_slice_forward(gatun_stream* stream, GATUN_OUT(outer*count*inner) void* y,
                                           GATUN_IN(outer*length*inner) void* x, int64_t outer, int64_t length,
                                           int64_t inner, int64_t start, int64_t count, gatun_dtype dtype);

/** The transpose of the slice: zero outside of it when fresh. */
GATUN_API gatun_status gatun_slice_pullback(gatun_stream* stream, GATUN_ACC(outer*length*inner) void* dx,
                                            GATUN_IN(outer*count*inner) void* dy, int64_t outer, int64_t length,
                                            int64_t inner, int64_t start, int64_t count, int32_t fresh,
                                            gatun_dtype dtype);

/** y[o] = a[o] followed by b[o]. */
GATUN_API gatun_status gatun_concatenate_forward(gatun_stream* stream,
                                                 GATUN_OUT(outer*a_count*inner+outer*b_count*inner) void* y,
                                                 GATUN_IN(outer*a_count*inner) void* a,
                                                 GATUN_IN(outer*b_count*inner) void* b, int64_t outer, int64_t a_count,
                                                 int64_t b_count, int64_t inner, gatun_dtype dtype);

GATUN_API gatun_status gatun_concatenate_pullback(gatun_stream* stream, GATUN_ACC_OPT(outer*a_count*inner) void* da,
                                                  GATUN_ACC_OPT(outer*b_count*inner) void* db,
                                                  GATUN_IN(outer*a_count*inner+outer*b_count*inner) void* dy,
                                                  int64_t outer, int64_t a_count, int64_t b_count, int64_t inner,
                                                  int32_t fresh, gatun_dtype dtype);

/** y[r] = table[indices[r]], row by row. */
GATUN_API gatun_status gatun_gather_forward(gatun_stream* stream, GATUN_OUT(rows*cols) void* y,
                                            GATUN_IN(table_rows*cols) void* table,
                                            GATUN_IN(rows, <table_rows) int32_t* indices, int64_t rows, int64_t cols,
                                            int64_t table_rows, gatun_dtype dtype);

/** Rows of dy are added up by their index, in the order of r: the same bits every time. */
GATUN_API gatun_status gatun_gather_pullback(gatun_stream* stream, GATUN_ACC(table_rows*cols) void* dtable,
                                             GATUN_IN(rows*cols) void* dy,
                                             GATUN_IN(rows, <table_rows) int32_t* indices, int64_t rows, int64_t cols,
                                             int64_t table_rows, int32_t fresh, gatun_dtype dtype);

/** Of `small` layers of n elements, one behind the other, makes `large`: y[i] = the sum over j of w[i][j] x[j]. Bound by
 * memory: x is read once and y written once up to 16 small layers; 16 further ones meet y again. */
GATUN_API gatun_status gatun_layer_mix_forward(gatun_stream* stream, GATUN_OUT(large*n) void* y,
                                               GATUN_IN(large*small) void* w, GATUN_IN(small*n) void* x, int64_t large,
                                               int64_t small, int64_t n, gatun_dtype dtype);

/** dw[i][j] = the sum of dy[i] * x[j] over n, in a fixed order; dx[j] = the sum over i of w[i][j] dy[i]. */
GATUN_API gatun_status gatun_layer_mix_pullback(gatun_stream* stream, GATUN_ACC_OPT(large*small) void* dw,
                                                GATUN_ACC_OPT(small*n) void* dx, GATUN_IN(large*n) void* dy,
                                                GATUN_IN(large*small) void* w, GATUN_IN(small*n) void* x, int64_t large,
                                                int64_t small, int64_t n, int32_t fresh, gatun_dtype dtype);

/** loss = mean over n of (prediction - target)^2. */
GATUN_API gatun_status gatun_squared_error_forward(gatun_stream* stream, GATUN_OUT(1) gatun_wide* loss,
                                                   GATUN_IN(n) void* prediction, GATUN_IN(n) void* target, int64_t n,
                                                   gatun_dtype dtype);

GATUN_API gatun_status gatun_squared_error_pullback(gatun_stream* stream, GATUN_ACC_OPT(n) void* dprediction,
                                                    GATUN_ACC_OPT(n) void* dtarget, GATUN_IN(1) gatun_wide* dloss,
                                                    GATUN_IN(n) void* prediction, GATUN_IN(n) void* target, int64_t n,
                                                    int32_t fresh, gatun_dtype dtype);

/** Every element becomes `value`. */
GATUN_API gatun_status gatun_fill(gatun_stream* stream, GATUN_OUT(n) void* x, int64_t n, double value,
                                  gatun_dtype dtype);

/** y = x, rounded to nearest: how weights come out of their masters. */
GATUN_API gatun_status gatun_narrow(gatun_stream* stream, GATUN_OUT(n) void* y, GATUN_IN(n) gatun_wide* x, int64_t n,
                                    gatun_dtype dtype);

/* ---- Matrix products -------------------------------------------------------------------------------------------- */

/** c (batch, rows, cols) = a (batch, rows, inner) times b (batch, inner, cols). Bit 0 of `transposed`: a is stored as
 * (batch, inner, rows); bit 1: b is stored as (batch, cols, inner). 2 * batch * rows * cols * inner FLOPs. */
GATUN_API gatun_status gatun_matmul_forward(gatun_stream* stream, GATUN_OUT(batch*rows*cols) void* c,
                                            GATUN_IN(batch*rows*inner) void* a, GATUN_IN(batch*inner*cols) void* b,
                                            int64_t batch, int64_t rows, int64_t cols, int64_t inner,
                                            int32_t transposed, gatun_dtype dtype);

/** Gradients of a and b, each in the layout in which its argument is stored. */
GATUN_API gatun_status gatun_matmul_pullback(gatun_stream* stream, GATUN_ACC_OPT(batch*rows*inner) void* da,
                                             GATUN_ACC_OPT(batch*inner*cols) void* db,
                                             GATUN_IN(batch*rows*cols) void* dc, GATUN_IN(batch*rows*inner) void* a,
                                             GATUN_IN(batch*inner*cols) void* b, int64_t batch, int64_t rows,
                                             int64_t cols, int64_t inner, int32_t transposed, int32_t fresh,
                                             gatun_dtype dtype);

typedef int32_t gatun_activation;
enum { GATUN_NO_ACTIVATION = 0, GATUN_GELU_ACTIVATION = 1 };

/** y = activation(x weight + bias); x (rows, in), weight (in, out), bias (out). With an activation, `pre` receives
 * x weight + bias, which the pullback reads; without one, or for inference, it is null. */
GATUN_API gatun_status gatun_linear_forward(gatun_stream* stream, GATUN_OUT(rows*out) void* y,
                                            GATUN_OUT_OPT(rows*out) void* pre, GATUN_IN(rows*in) void* x,
                                            GATUN_IN(in*out) void* weight, GATUN_IN_OPT(out) gatun_wide* bias,
                                            int64_t rows, int64_t in, int64_t out, gatun_activation activation,
                                            gatun_dtype dtype);

/** With an activation, `pre` is read and `dpre` is scratch; without one both are null. Where x is the GELU of something,
 * `x_pre` may be that: dx is then its gradient, with GELU's derivative put on while the product is at hand. */
GATUN_API gatun_status gatun_linear_pullback(gatun_stream* stream, GATUN_OUT_OPT(rows*out) void* dpre,
                                             GATUN_ACC_OPT(rows*in) void* dx, GATUN_ACC_OPT(in*out) gatun_wide* dweight,
                                             GATUN_ACC_OPT(out) gatun_wide* dbias, GATUN_IN(rows*out) void* dy,
                                             GATUN_IN(rows*in) void* x, GATUN_IN(in*out) void* weight,
                                             GATUN_IN_OPT(rows*out) void* pre, GATUN_IN_OPT(rows*in) void* x_pre,
                                             int64_t rows, int64_t in, int64_t out, gatun_activation activation,
                                             int32_t fresh, gatun_dtype dtype);

/* ---- Embedding and norms ---------------------------------------------------------------------------------------- */

/** y[b,t] = token_table[tokens[b,t]] + position_table[first + t]. `first` is null for 0. */
GATUN_API gatun_status gatun_embedding_forward(gatun_stream* stream, GATUN_OUT(batch*context*cols) void* y,
                                               GATUN_IN(vocab*cols) void* token_table,
                                               GATUN_IN(positions*cols) void* position_table,
                                               GATUN_IN(batch*context, <vocab) int32_t* tokens,
                                               GATUN_IN_OPT(1, <positions-context+1) int32_t* first, int64_t batch,
                                               int64_t context, int64_t cols, int64_t vocab, int64_t positions,
                                               gatun_dtype dtype);

/** For first = 0. Rows that no token names become zero when fresh. */
GATUN_API gatun_status gatun_embedding_pullback(gatun_stream* stream, GATUN_ACC_OPT(vocab*cols) gatun_wide* dtoken_table,
                                                GATUN_ACC_OPT(positions*cols) gatun_wide* dposition_table,
                                                GATUN_IN(batch*context*cols) void* dy,
                                                GATUN_IN(batch*context, <vocab) int32_t* tokens, int64_t batch,
                                                int64_t context, int64_t cols, int64_t vocab, int64_t positions,
                                                int32_t fresh, gatun_dtype dtype);

/** y = (x - mean) * rstd * weight + bias, row by row, with rstd = 1 / sqrt(variance + eps) and the variance divided by
 * cols. Reads rows*cols, writes as much; mean and rstd serve the pullback. */
GATUN_API gatun_status gatun_layernorm_forward(gatun_stream* stream, GATUN_OUT(rows*cols) void* y,
                                               GATUN_OUT(rows) gatun_wide* mean, GATUN_OUT(rows) gatun_wide* rstd,
                                               GATUN_IN(rows*cols) void* x, GATUN_IN(cols) gatun_wide* weight,
                                               GATUN_IN_OPT(cols) gatun_wide* bias, int64_t rows, int64_t cols,
                                               double eps, gatun_dtype dtype);

/** dx through the mean and the variance; dweight and dbias summed over rows in a fixed order. */
GATUN_API gatun_status gatun_layernorm_pullback(gatun_stream* stream, GATUN_ACC_OPT(rows*cols) void* dx,
                                                GATUN_ACC_OPT(cols) gatun_wide* dweight,
                                                GATUN_ACC_OPT(cols) gatun_wide* dbias, GATUN_IN(rows*cols) void* dy,
                                                GATUN_IN(rows*cols) void* x, GATUN_IN(cols) gatun_wide* weight,
                                                GATUN_IN(rows) gatun_wide* mean, GATUN_IN(rows) gatun_wide* rstd,
                                                int64_t rows, int64_t cols, int32_t fresh, gatun_dtype dtype);

/** sum = x + residual; y = the layer norm of sum. */
GATUN_API gatun_status gatun_residual_layernorm_forward(
    gatun_stream* stream, GATUN_OUT(rows*cols) void* sum, GATUN_OUT(rows*cols) void* y,
    GATUN_OUT(rows) gatun_wide* mean, GATUN_OUT(rows) gatun_wide* rstd, GATUN_IN(rows*cols) void* x,
    GATUN_IN(rows*cols) void* residual, GATUN_IN(cols) gatun_wide* weight, GATUN_IN_OPT(cols) gatun_wide* bias,
    int64_t rows, int64_t cols, double eps, gatun_dtype dtype);

/** dx and dresidual both receive dsum plus what comes through the norm; a null dsum counts as zero. */
GATUN_API gatun_status gatun_residual_layernorm_pullback(
    gatun_stream* stream, GATUN_ACC_OPT(rows*cols) void* dx, GATUN_ACC_OPT(rows*cols) void* dresidual,
    GATUN_ACC_OPT(cols) gatun_wide* dweight, GATUN_ACC_OPT(cols) gatun_wide* dbias, GATUN_IN_OPT(rows*cols) void* dsum,
    GATUN_IN(rows*cols) void* dy, GATUN_IN(rows*cols) void* sum, GATUN_IN(cols) gatun_wide* weight,
    GATUN_IN(rows) gatun_wide* mean, GATUN_IN(rows) gatun_wide* rstd, int64_t rows, int64_t cols, int32_t fresh,
    gatun_dtype dtype);

/* ---- Attention -------------------------------------------------------------------------------------------------- */

/** y = softmax(scale * q k^T) v, head by head; qkv is packed (batch, context, 3, heads, head_size), y is (batch,
 * context, heads, head_size). `causal` = 1 lets a position see itself and those before it. lse[b,h,t] is the
 * log-sum-exp of the row of scores. Needs no memory that grows with context squared.
 *
 * With `bounds` a position sees only positions of its own document: document d has the positions bounds[d] to before
 * bounds[d+1], counted through all sequences, and may be empty; one that crosses the end of a sequence is two. Without,
 * documents is 0 and each sequence is one document. */
GATUN_API gatun_status gatun_attention_forward(gatun_stream* stream, GATUN_OUT(batch*context*heads*head_size) void* y,
                                               GATUN_OUT(batch*heads*context) gatun_wide* lse,
                                               GATUN_IN(batch*context*3*heads*head_size) void* qkv,
                                               GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds,
                                               int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                               int64_t documents, double scale, int32_t causal, gatun_dtype dtype);

/** `delta` is scratch: the row sums of dy * y. */
GATUN_API gatun_status gatun_attention_pullback(gatun_stream* stream, GATUN_OUT(batch*heads*context) gatun_wide* delta,
                                                GATUN_ACC(batch*context*3*heads*head_size) void* dqkv,
                                                GATUN_IN(batch*context*heads*head_size) void* dy,
                                                GATUN_IN(batch*context*3*heads*head_size) void* qkv,
                                                GATUN_IN(batch*context*heads*head_size) void* y,
                                                GATUN_IN(batch*heads*context) gatun_wide* lse,
                                                GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds,
                                                int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                                int64_t documents, double scale, int32_t causal, int32_t fresh,
                                                gatun_dtype dtype);

/** One token of each sequence: its key and value go to `position` of the caches (batch, heads, capacity, head_size),
 * then it attends to positions 0 to `position`. qkv is (batch, 3, heads, head_size). */
GATUN_API gatun_status gatun_attention_decode(gatun_stream* stream, GATUN_OUT(batch*heads*head_size) void* y,
                                              GATUN_INOUT(batch*heads*capacity*head_size) void* keys,
                                              GATUN_INOUT(batch*heads*capacity*head_size) void* values,
                                              GATUN_IN(batch*3*heads*head_size) void* qkv,
                                              GATUN_IN(1, <capacity) int32_t* position, int64_t batch, int64_t heads,
                                              int64_t capacity, int64_t head_size, double scale, gatun_dtype dtype);

/* ---- Blocks ----------------------------------------------------------------------------------------------------- */

/* Each runs the kernels above in turn: where memory gives out within one, some outputs have been written. */

/** y = x + gelu(normed weight_in + bias_in) weight_out + bias_out with normed = the layer norm of x: one call for the
 * kernels that compute it. The other outputs are what the pullback reads; `pre`, what GELU is applied to, is null for
 * inference. */
GATUN_API gatun_status gatun_mlp_forward(
    gatun_stream* stream, GATUN_OUT(rows*cols) void* y, GATUN_OUT(rows*cols) void* normed,
    GATUN_OUT(rows) gatun_wide* mean, GATUN_OUT(rows) gatun_wide* rstd, GATUN_OUT_OPT(rows*hidden) void* pre,
    GATUN_OUT(rows*hidden) void* activated, GATUN_IN(rows*cols) void* x, GATUN_IN(cols) gatun_wide* norm_weight,
    GATUN_IN(cols*hidden) void* weight_in, GATUN_IN(hidden*cols) void* weight_out,
    GATUN_IN_OPT(cols) gatun_wide* norm_bias, GATUN_IN_OPT(hidden) gatun_wide* bias_in,
    GATUN_IN_OPT(cols) gatun_wide* bias_out, int64_t rows, int64_t cols, int64_t hidden, double eps, gatun_dtype dtype);

/** `dpre` and `dnormed` are scratch. */
GATUN_API gatun_status gatun_mlp_pullback(
    gatun_stream* stream, GATUN_OUT(rows*hidden) void* dpre, GATUN_OUT(rows*cols) void* dnormed,
    GATUN_ACC_OPT(rows*cols) void* dx, GATUN_ACC_OPT(cols) gatun_wide* dnorm_weight,
    GATUN_ACC_OPT(cols*hidden) gatun_wide* dweight_in, GATUN_ACC_OPT(hidden*cols) gatun_wide* dweight_out,
    GATUN_ACC_OPT(cols) gatun_wide* dnorm_bias, GATUN_ACC_OPT(hidden) gatun_wide* dbias_in,
    GATUN_ACC_OPT(cols) gatun_wide* dbias_out, GATUN_IN(rows*cols) void* dy, GATUN_IN(rows*cols) void* x,
    GATUN_IN(rows*cols) void* normed, GATUN_IN(rows) gatun_wide* mean, GATUN_IN(rows) gatun_wide* rstd,
    GATUN_IN(rows*hidden) void* pre, GATUN_IN(rows*hidden) void* activated, GATUN_IN(cols) gatun_wide* norm_weight,
    GATUN_IN(cols*hidden) void* weight_in, GATUN_IN(hidden*cols) void* weight_out, int64_t rows, int64_t cols,
    int64_t hidden, int32_t fresh, gatun_dtype dtype);

/** y = x + mixed weight_out + bias_out with mixed = the attention over qkv = normed weight_in + bias_in, and normed = the
 * layer norm of x. cols are heads * head_size; weight_in is (cols, 3 cols), weight_out (cols, cols). Bounds of documents
 * are as in attention. */
GATUN_API gatun_status gatun_attention_block_forward(
    gatun_stream* stream, GATUN_OUT(batch*context*heads*head_size) void* y,
    GATUN_OUT(batch*context*heads*head_size) void* normed, GATUN_OUT(batch*context) gatun_wide* mean,
    GATUN_OUT(batch*context) gatun_wide* rstd, GATUN_OUT(batch*context*3*heads*head_size) void* qkv,
    GATUN_OUT(batch*context*heads*head_size) void* mixed, GATUN_OUT(batch*heads*context) gatun_wide* lse,
    GATUN_IN(batch*context*heads*head_size) void* x, GATUN_IN(heads*head_size) gatun_wide* norm_weight,
    GATUN_IN(3*heads*head_size*heads*head_size) void* weight_in,
    GATUN_IN(heads*head_size*heads*head_size) void* weight_out, GATUN_IN_OPT(heads*head_size) gatun_wide* norm_bias,
    GATUN_IN_OPT(3*heads*head_size) gatun_wide* bias_in, GATUN_IN_OPT(heads*head_size) gatun_wide* bias_out,
    GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds, int64_t batch, int64_t context,
    int64_t heads, int64_t head_size, int64_t documents, double eps, double scale, int32_t causal, gatun_dtype dtype);

/** `delta`, `dqkv` and `dnormed` are scratch. */
GATUN_API gatun_status gatun_attention_block_pullback(
    gatun_stream* stream, GATUN_OUT(batch*heads*context) gatun_wide* delta,
    GATUN_OUT(batch*context*3*heads*head_size) void* dqkv, GATUN_OUT(batch*context*heads*head_size) void* dnormed,
    GATUN_ACC_OPT(batch*context*heads*head_size) void* dx, GATUN_ACC_OPT(heads*head_size) gatun_wide* dnorm_weight,
    GATUN_ACC_OPT(3*heads*head_size*heads*head_size) gatun_wide* dweight_in,
    GATUN_ACC_OPT(heads*head_size*heads*head_size) gatun_wide* dweight_out,
    GATUN_ACC_OPT(heads*head_size) gatun_wide* dnorm_bias, GATUN_ACC_OPT(3*heads*head_size) gatun_wide* dbias_in,
    GATUN_ACC_OPT(heads*head_size) gatun_wide* dbias_out, GATUN_IN(batch*context*heads*head_size) void* dy,
    GATUN_IN(batch*context*heads*head_size) void* x, GATUN_IN(batch*context*heads*head_size) void* normed,
    GATUN_IN(batch*context) gatun_wide* mean, GATUN_IN(batch*context) gatun_wide* rstd,
    GATUN_IN(batch*context*3*heads*head_size) void* qkv, GATUN_IN(batch*context*heads*head_size) void* mixed,
    GATUN_IN(batch*heads*context) gatun_wide* lse, GATUN_IN(heads*head_size) gatun_wide* norm_weight,
    GATUN_IN(3*heads*head_size*heads*head_size) void* weight_in,
    GATUN_IN(heads*head_size*heads*head_size) void* weight_out,
    GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds, int64_t batch, int64_t context,
    int64_t heads, int64_t head_size, int64_t documents, double scale, int32_t causal, int32_t fresh,
    gatun_dtype dtype);

/* ---- Losses ----------------------------------------------------------------------------------------------------- */

/** The mean of lse - logit of the target, over the rows whose target is not negative; `counted` says how many those
 * are (with none the loss is 0). Of a row of `stride` logits the first `vocab` are read. */
GATUN_API gatun_status gatun_softmax_cross_entropy_forward(
    gatun_stream* stream, GATUN_OUT(1) gatun_wide* loss, GATUN_OUT(rows) gatun_wide* lse, GATUN_OUT(1) int64_t* counted,
    GATUN_IN(rows*stride) void* logits, GATUN_IN(rows, <vocab, ignorable) int32_t* targets, int64_t rows, int64_t vocab,
    int64_t stride, gatun_dtype dtype);

/** dlogits = dloss / counted * (softmax - one-hot); zero in ignored rows and behind `vocab`. */
GATUN_API gatun_status gatun_softmax_cross_entropy_pullback(
    gatun_stream* stream, GATUN_ACC(rows*stride) void* dlogits, GATUN_IN(1) gatun_wide* dloss,
    GATUN_IN(rows*stride) void* logits, GATUN_IN(rows, <vocab, ignorable) int32_t* targets,
    GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted, int64_t rows, int64_t vocab, int64_t stride,
    int32_t fresh, gatun_dtype dtype);

/** The cross-entropy of the logits x table^T, `chunk` rows at a time: with chunk < rows the whole logits never exist.
 * table has `stride` rows of which the first `vocab` count; chunk <= rows. With keep_gradient = 1 (then chunk = rows)
 * `logits` is left holding (softmax - one-hot) / counted for the pullback; otherwise it is scratch. */
GATUN_API gatun_status gatun_head_loss_forward(gatun_stream* stream, GATUN_OUT(1) gatun_wide* loss,
                                               GATUN_OUT(rows) gatun_wide* lse, GATUN_OUT(1) int64_t* counted,
                                               GATUN_OUT(chunk*stride) void* logits, GATUN_IN(rows*cols) void* x,
                                               GATUN_IN(stride*cols) void* table,
                                               GATUN_IN(rows, <vocab, ignorable) int32_t* targets, int64_t rows,
                                               int64_t cols, int64_t vocab, int64_t stride, int64_t chunk,
                                               int32_t keep_gradient, gatun_dtype dtype);

/** From the kept gradient where `kept` is given; else the logits are computed again in `scratch`, chunk by chunk. One
 * of the two is null. */
GATUN_API gatun_status gatun_head_loss_pullback(
    gatun_stream* stream, GATUN_OUT_OPT(chunk*stride) void* scratch, GATUN_ACC_OPT(rows*cols) void* dx,
    GATUN_ACC_OPT(stride*cols) gatun_wide* dtable, GATUN_IN(1) gatun_wide* dloss, GATUN_IN_OPT(rows*stride) void* kept,
    GATUN_IN(rows*cols) void* x, GATUN_IN(stride*cols) void* table, GATUN_IN(rows, <vocab, ignorable) int32_t* targets,
    GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted, int64_t rows, int64_t cols, int64_t vocab,
    int64_t stride, int64_t chunk, int32_t fresh, gatun_dtype dtype);

/* ---- Tangents --------------------------------------------------------------------------------------------------- */

/* Directional derivatives of the functions above: tx is the tangent of x, tdx that of its gradient, and null stands
 * for zero. The tangent of a pullback is one in the direction of all that the pullback reads, each as if independent. An
 * op that is linear in each of its arguments needs no function of its own: its tangent is a sum of its own calls. */

/** tdx = f'(x) tdy + f''(x) tx dy. */
GATUN_API gatun_status gatun_unary_pullback_tangent(gatun_stream* stream, GATUN_ACC(n) void* tdx, GATUN_IN(n) void* dy,
                                                    GATUN_IN_OPT(n) void* tdy, GATUN_IN(n) void* x,
                                                    GATUN_IN_OPT(n) void* tx, int64_t n, double alpha,
                                                    gatun_unary kind, int32_t fresh, gatun_dtype dtype);

/** With n = (x - mean) rstd: tmean = mean(tx), trstd = -rstd^2 mean(n tx), and ty = tn weight + n tweight + tbias with
 * tn = rstd (tx - tmean - n mean(n tx)). */
GATUN_API gatun_status gatun_layernorm_tangent(gatun_stream* stream, GATUN_OUT(rows*cols) void* ty,
                                               GATUN_OUT(rows) gatun_wide* tmean, GATUN_OUT(rows) gatun_wide* trstd,
                                               GATUN_IN(rows*cols) void* x, GATUN_IN_OPT(rows*cols) void* tx,
                                               GATUN_IN(cols) gatun_wide* weight,
                                               GATUN_IN_OPT(cols) gatun_wide* tweight,
                                               GATUN_IN_OPT(cols) gatun_wide* tbias, GATUN_IN(rows) gatun_wide* mean,
                                               GATUN_IN(rows) gatun_wide* rstd, int64_t rows, int64_t cols,
                                               gatun_dtype dtype);

/** Of both layer norms: tdx and tdresidual are what comes through the norm, plus tdsum. With n as above,
 * tn = (tx - tmean) rstd + (x - mean) trstd, g = dy weight, tg = tdy weight + dy tweight, R = g - mean(g) - n mean(g n):
 * tdx = trstd R + rstd (tg - mean(tg) - tn mean(g n) - n mean(tg n + g tn)). tdweight sums tdy n + dy tn, tdbias tdy. */
GATUN_API gatun_status gatun_layernorm_pullback_tangent(
    gatun_stream* stream, GATUN_ACC_OPT(rows*cols) void* tdx, GATUN_ACC_OPT(rows*cols) void* tdresidual,
    GATUN_ACC_OPT(cols) gatun_wide* tdweight, GATUN_ACC_OPT(cols) gatun_wide* tdbias,
    GATUN_IN_OPT(rows*cols) void* tdsum, GATUN_IN(rows*cols) void* dy, GATUN_IN_OPT(rows*cols) void* tdy,
    GATUN_IN(rows*cols) void* x, GATUN_IN_OPT(rows*cols) void* tx, GATUN_IN(cols) gatun_wide* weight,
    GATUN_IN_OPT(cols) gatun_wide* tweight, GATUN_IN(rows) gatun_wide* mean, GATUN_IN_OPT(rows) gatun_wide* tmean,
    GATUN_IN(rows) gatun_wide* rstd, GATUN_IN_OPT(rows) gatun_wide* trstd, int64_t rows, int64_t cols, int32_t fresh,
    gatun_dtype dtype);

/** tloss = the mean of 2 (prediction - target) (tprediction - ttarget). */
GATUN_API gatun_status gatun_squared_error_tangent(gatun_stream* stream, GATUN_OUT(1) gatun_wide* tloss,
                                                   GATUN_IN(n) void* prediction, GATUN_IN_OPT(n) void* tprediction,
                                                   GATUN_IN(n) void* target, GATUN_IN_OPT(n) void* ttarget, int64_t n,
                                                   gatun_dtype dtype);

/** tloss = the mean of (sum of softmax * tlogits) - tlogit of the target. */
GATUN_API gatun_status gatun_softmax_cross_entropy_tangent(
    gatun_stream* stream, GATUN_OUT(1) gatun_wide* tloss, GATUN_IN(rows*stride) void* logits, GATUN_IN(rows*stride) void* tlogits,
    GATUN_IN(rows, <vocab, ignorable) int32_t* targets, GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted,
    int64_t rows, int64_t vocab, int64_t stride, gatun_dtype dtype);

/** tdlogits = (dloss softmax (tlogits - sum of softmax * tlogits) + tdloss (softmax - one-hot)) / counted. Where tdloss
 * is null, this is the Hessian of the loss by the logits, times tlogits. */
GATUN_API gatun_status gatun_softmax_cross_entropy_pullback_tangent(
    gatun_stream* stream, GATUN_ACC(rows*stride) void* tdlogits, GATUN_IN(1) gatun_wide* dloss,
    GATUN_IN_OPT(1) gatun_wide* tdloss, GATUN_IN(rows*stride) void* logits, GATUN_IN_OPT(rows*stride) void* tlogits,
    GATUN_IN(rows, <vocab, ignorable) int32_t* targets, GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted,
    int64_t rows, int64_t vocab, int64_t stride, int32_t fresh, gatun_dtype dtype);

/** Of the head and its loss. `kept` is what the forward call left in its logits; tlogits then receives the tangent of
 * that (chunk = rows). With kept null the logits are computed again in `scratch`, chunk by chunk, and tlogits is
 * scratch too. */
GATUN_API gatun_status gatun_head_loss_tangent(
    gatun_stream* stream, GATUN_OUT(1) gatun_wide* tloss, GATUN_OUT(chunk*stride) void* tlogits, GATUN_OUT_OPT(chunk*stride) void* scratch,
    GATUN_IN_OPT(rows*stride) void* kept, GATUN_IN(rows*cols) void* x, GATUN_IN_OPT(rows*cols) void* tx,
    GATUN_IN(stride*cols) void* table, GATUN_IN_OPT(stride*cols) void* ttable,
    GATUN_IN(rows, <vocab, ignorable) int32_t* targets, GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted,
    int64_t rows, int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, gatun_dtype dtype);

/** tdx = dloss (tK table + K ttable) + tdloss K table and tdtable likewise, with K = (softmax - one-hot) / counted and tK
 * its tangent: `kept` and `tkept` where they are given; else both are computed again, in `scratch` and `tscratch`, from
 * tx and ttable. With gauss_newton = 1 only dloss tK table and dloss tK^T x: the loss's own curvature, carried back. */
GATUN_API gatun_status gatun_head_loss_pullback_tangent(
    gatun_stream* stream, GATUN_OUT_OPT(chunk*stride) void* scratch, GATUN_OUT_OPT(chunk*stride) void* tscratch,
    GATUN_ACC_OPT(rows*cols) void* tdx, GATUN_ACC_OPT(stride*cols) gatun_wide* tdtable,
    GATUN_IN(1) gatun_wide* dloss, GATUN_IN_OPT(1) gatun_wide* tdloss, GATUN_IN_OPT(rows*stride) void* kept,
    GATUN_IN_OPT(rows*stride) void* tkept, GATUN_IN(rows*cols) void* x, GATUN_IN_OPT(rows*cols) void* tx,
    GATUN_IN(stride*cols) void* table, GATUN_IN_OPT(stride*cols) void* ttable,
    GATUN_IN(rows, <vocab, ignorable) int32_t* targets, GATUN_IN(rows) gatun_wide* lse, GATUN_IN(1) int64_t* counted,
    int64_t rows, int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, int32_t gauss_newton, int32_t fresh,
    gatun_dtype dtype);

/** The derivative of attention's y and lse along tqkv, where y and lse are as attention gave them: with p = exp(scores -
 * lse), hidden ones left out, and ts = scale * (tq k^T + q tk^T) it is tlse = rowsum(p * ts), ty = (p * (ts - tlse)) v +
 * p tv. Needs no memory that grows with context squared. */
GATUN_API gatun_status gatun_attention_tangent(
    gatun_stream* stream, GATUN_OUT(batch*context*heads*head_size) void* ty,
    GATUN_OUT(batch*heads*context) gatun_wide* tlse, GATUN_IN(batch*context*3*heads*head_size) void* tqkv,
    GATUN_IN(batch*context*3*heads*head_size) void* qkv, GATUN_IN(batch*context*heads*head_size) void* y,
    GATUN_IN(batch*heads*context) gatun_wide* lse,
    GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds, int64_t batch, int64_t context,
    int64_t heads, int64_t head_size, int64_t documents, double scale, int32_t causal, gatun_dtype dtype);

/** The derivative of dqkv, as attention's pullback makes it, along all that the pullback reads, each taken as
 * independent of the others. `delta` and `tdelta` are scratch: the row sums of dy * y and of tdy * y + dy * ty. With p and
 * ts as above, dp = dy v^T and tdp = tdy v^T + dy tv^T:
 *   ds = p * (dp - delta)      tp = p * (ts - tlse)      tds = tp * (dp - delta) + p * (tdp - tdelta)
 *   tdq = scale * (tds k + ds tk)     tdk = scale * (tds^T q + ds^T tq)     tdv = tp^T dy + p^T tdy */
GATUN_API gatun_status gatun_attention_pullback_tangent(
    gatun_stream* stream, GATUN_OUT(batch*heads*context) gatun_wide* delta,
    GATUN_OUT(batch*heads*context) gatun_wide* tdelta, GATUN_ACC(batch*context*3*heads*head_size) void* tdqkv,
    GATUN_IN(batch*context*heads*head_size) void* dy, GATUN_IN_OPT(batch*context*heads*head_size) void* tdy,
    GATUN_IN(batch*context*3*heads*head_size) void* qkv, GATUN_IN_OPT(batch*context*3*heads*head_size) void* tqkv,
    GATUN_IN(batch*context*heads*head_size) void* y, GATUN_IN_OPT(batch*context*heads*head_size) void* ty,
    GATUN_IN(batch*heads*context) gatun_wide* lse, GATUN_IN_OPT(batch*heads*context) gatun_wide* tlse,
    GATUN_IN_OPT(documents+1, <batch*context+1, ascending) int32_t* bounds, int64_t batch, int64_t context,
    int64_t heads, int64_t head_size, int64_t documents, double scale, int32_t causal, int32_t fresh,
    gatun_dtype dtype);

/* ---- Optimizer -------------------------------------------------------------------------------------------------- */

/** norm = sqrt(sum of x^2), summed in a fixed order. */
GATUN_API gatun_status gatun_global_norm(gatun_stream* stream, GATUN_OUT(1) gatun_wide* norm, GATUN_IN(n) gatun_wide* x,
                                         int64_t n, gatun_dtype dtype);

/** AdamW (Loshchilov and Hutter 2019) over one flat arena:
 *   g = gradient * min(1, max_norm / (norm + 1e-6))       (norm null: g = gradient)
 *   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
 *   w = w - rate * (m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + eps) + decay * w)
 * Weight decay applies to the first `decayed` weights. step counts from 1. Reads 16, writes 12 bytes a weight in
 * fp32.
 *
 * `weights` are what matrix products read. With a `master` w is that, and weights receive it rounded to nearest; without
 * one w is the weights themselves. In bf16 these are then rounded up with a chance as great as the part cut off, so that
 * an update smaller than a bf16's last place is not lost: weight i by the lower half of word (first + i) / 2 of the
 * sequence key[1] + 2^32 * step under seed key[0] (see Random numbers) where first + i is even, else by the upper half,
 * whatever the grid or the shard; to nearest where `key` is null. */
GATUN_API gatun_status gatun_adamw_step(gatun_stream* stream, GATUN_INOUT(n) void* weights,
                                        GATUN_INOUT_OPT(n) gatun_wide* master, GATUN_INOUT(n) gatun_wide* m,
                                        GATUN_INOUT(n) gatun_wide* v, GATUN_IN(n) gatun_wide* gradients,
                                        GATUN_IN(1) double* rate, GATUN_IN(1) int64_t* step,
                                        GATUN_IN_OPT(1) gatun_wide* norm, GATUN_IN_OPT(2) int64_t* key, int64_t first,
                                        int64_t n, int64_t decayed, double beta1, double beta2, double eps,
                                        double weight_decay, double max_norm, gatun_dtype dtype);

/** The same over arrays that the caller owns: tensor i has sizes[i] elements at weights[i], masters[i] (or `masters` is
 * null), m[i] and v[i] (updated) and gradients[i] (read), and decays when decays[i] is 1. Weights are numbered through
 * the table. */
GATUN_API gatun_status gatun_adamw_table_step(gatun_stream* stream, GATUN_TABLE(tensors) void** weights,
                                              GATUN_TABLE_OPT(tensors) gatun_wide** masters,
                                              GATUN_TABLE(tensors) gatun_wide** m, GATUN_TABLE(tensors) gatun_wide** v,
                                              GATUN_TABLE(tensors) gatun_wide** gradients,
                                              GATUN_IN(tensors) int64_t* sizes, GATUN_IN(tensors, <2) int32_t* decays,
                                              GATUN_IN(1) double* rate, GATUN_IN(1) int64_t* step,
                                              GATUN_IN_OPT(1) gatun_wide* norm, GATUN_IN_OPT(2) int64_t* key,
                                              int64_t tensors, double beta1, double beta2, double eps,
                                              double weight_decay, double max_norm, gatun_dtype dtype);

typedef int32_t gatun_sophia_form;
enum {
  GATUN_SOPHIA_FLOORED = 0, /* d = max(gamma h, eps), as the paper has it */
  GATUN_SOPHIA_ADDED = 1    /* d = gamma h + eps, as its authors' code has it */
};

/** Sophia (Liu and others 2023) over one flat arena; h is a running estimate of the Hessian's diagonal, which the
 * curvature functions below refresh and this one reads:
 *   g = gradient * min(1, max_norm / (norm + 1e-6))       (norm null: g = gradient)
 *   m = beta1 m + (1 - beta1) g
 *   u = m / d where |m| < d, else the sign of m           (so where d is not positive)
 *   w = w - rate * (u + decay * w)
 * With correct_mean = 1, u has m / (1 - beta1^step) in place of m; with `refreshes`, how often h was blended since it
 * was 0, d has h / (1 - beta2^refreshes) in place of h, where they are not 0. `unclipped` counts the weights whose |m|
 * is below d. Weight decay, `weights`, `master` and `key` are as in AdamW. The authors' code is GATUN_SOPHIA_ADDED with
 * gamma their rho * bs, eps 1e-15, and h of Bartlett's estimate with counted = 1. Reads 16, writes 8 bytes a weight in
 * fp32. */
GATUN_API gatun_status gatun_sophia_step(gatun_stream* stream, GATUN_INOUT(n) void* weights,
                                         GATUN_INOUT_OPT(n) gatun_wide* master, GATUN_INOUT(n) gatun_wide* m,
                                         GATUN_OUT_OPT(1) int64_t* unclipped, GATUN_IN(n) gatun_wide* h,
                                         GATUN_IN(n) gatun_wide* gradients, GATUN_IN(1) double* rate,
                                         GATUN_IN(1) int64_t* step, GATUN_IN_OPT(1) int64_t* refreshes,
                                         GATUN_IN_OPT(1) gatun_wide* norm, GATUN_IN_OPT(2) int64_t* key, int64_t first,
                                         int64_t n, int64_t decayed, double beta1, double beta2, double gamma,
                                         double eps, double weight_decay, double max_norm, gatun_sophia_form form,
                                         int32_t correct_mean, gatun_dtype dtype);

/** The same over arrays that the caller owns, in tables as in AdamW: weights, masters and m are updated, h and
 * gradients read. `unclipped` counts through the table. */
GATUN_API gatun_status gatun_sophia_table_step(
    gatun_stream* stream, GATUN_TABLE(tensors) void** weights, GATUN_TABLE_OPT(tensors) gatun_wide** masters,
    GATUN_TABLE(tensors) gatun_wide** m, GATUN_OUT_OPT(1) int64_t* unclipped, GATUN_TABLE(tensors) gatun_wide** h,
    GATUN_TABLE(tensors) gatun_wide** gradients, GATUN_IN(tensors) int64_t* sizes,
    GATUN_IN(tensors, <2) int32_t* decays, GATUN_IN(1) double* rate, GATUN_IN(1) int64_t* step,
    GATUN_IN_OPT(1) int64_t* refreshes, GATUN_IN_OPT(1) gatun_wide* norm, GATUN_IN_OPT(2) int64_t* key,
    int64_t tensors, double beta1, double beta2, double gamma, double eps, double weight_decay, double max_norm,
    gatun_sophia_form form, int32_t correct_mean, gatun_dtype dtype);

/** Lion (Chen and others 2023) over one flat arena:
 *   g as in AdamW
 *   w = w - rate * (the sign of (beta1 m + (1 - beta1) g) + decay * w)
 *   m = beta2 m + (1 - beta2) g
 * The sign of 0 is 0. Weight decay, `weights`, `master` and `key` are as in AdamW; the step numbers the rounding alone.
 * Reads 12, writes 8 bytes a weight in fp32. */
GATUN_API gatun_status gatun_lion_step(gatun_stream* stream, GATUN_INOUT(n) void* weights,
                                       GATUN_INOUT_OPT(n) gatun_wide* master, GATUN_INOUT(n) gatun_wide* m,
                                       GATUN_IN(n) gatun_wide* gradients, GATUN_IN(1) double* rate,
                                       GATUN_IN(1) int64_t* step, GATUN_IN_OPT(1) gatun_wide* norm,
                                       GATUN_IN_OPT(2) int64_t* key, int64_t first, int64_t n, int64_t decayed,
                                       double beta1, double beta2, double weight_decay, double max_norm,
                                       gatun_dtype dtype);

/** The same over arrays that the caller owns, in tables as in AdamW. */
GATUN_API gatun_status gatun_lion_table_step(gatun_stream* stream, GATUN_TABLE(tensors) void** weights,
                                             GATUN_TABLE_OPT(tensors) gatun_wide** masters,
                                             GATUN_TABLE(tensors) gatun_wide** m,
                                             GATUN_TABLE(tensors) gatun_wide** gradients,
                                             GATUN_IN(tensors) int64_t* sizes, GATUN_IN(tensors, <2) int32_t* decays,
                                             GATUN_IN(1) double* rate, GATUN_IN(1) int64_t* step,
                                             GATUN_IN_OPT(1) gatun_wide* norm, GATUN_IN_OPT(2) int64_t* key,
                                             int64_t tensors, double beta1, double beta2, double weight_decay,
                                             double max_norm, gatun_dtype dtype);

typedef int32_t gatun_probe;
enum { GATUN_SIGNS = 0, GATUN_NORMALS = 1 };

/** Hutchinson's estimate of the Hessian's diagonal: h = beta h + (1 - beta) u * product, where product is the Hessian
 * times u. The probe u is not stored: its element i is what gatun_random_sign, or gatun_random_normal with mean 0 and
 * deviation 1, writes in this dtype as number first + i of the sequence. */
GATUN_API gatun_status gatun_curvature_hutchinson(gatun_stream* stream, GATUN_INOUT(n) gatun_wide* h,
                                                  GATUN_IN(n) gatun_wide* product, GATUN_IN(2) int64_t* key,
                                                  int64_t first, int64_t n, double beta, gatun_probe probe,
                                                  gatun_dtype dtype);

/** The Gauss-Newton-Bartlett estimate: h = beta h + (1 - beta) counted * gradient^2, for the gradient of the mean loss
 * over `counted` labels that were sampled from the model's own distribution. */
GATUN_API gatun_status gatun_curvature_bartlett(gatun_stream* stream, GATUN_INOUT(n) gatun_wide* h,
                                                GATUN_IN(n) gatun_wide* gradients, GATUN_IN(1) int64_t* counted,
                                                int64_t n, double beta, gatun_dtype dtype);

/** One label a row, drawn from softmax(logits): the first j at which the sum of e^logit up to j exceeds u times that of
 * the row, where u of row i is number first + i of gatun_random_uniform in fp64, from 0 to 1. Rows whose target is
 * negative get -1; `counted` grows by the number of the others. Of a row of `stride` logits the first `vocab` are
 * read. */
GATUN_API gatun_status gatun_sample_categorical(gatun_stream* stream, GATUN_OUT(rows) int32_t* labels,
                                                GATUN_INOUT_OPT(1) int64_t* counted,
                                                GATUN_IN(rows*stride) void* logits,
                                                GATUN_IN_OPT(rows, <vocab, ignorable) int32_t* targets,
                                                GATUN_IN(2) int64_t* key, int64_t first, int64_t rows, int64_t vocab,
                                                int64_t stride, gatun_dtype dtype);

/* ---- Random numbers --------------------------------------------------------------------------------------------- */

/** Philox4x32-10 (Salmon et al. 2011), keyed by key[0] (seed) and key[1] (sequence); element i of the call is number
 * first + i of that sequence, whatever the grid, the backend or the shard. Normals have the same bits everywhere too. */
GATUN_API gatun_status gatun_random_normal(gatun_stream* stream, GATUN_OUT(n) void* x, GATUN_IN(2) int64_t* key,
                                           int64_t first, int64_t n, double mean, double deviation, gatun_dtype dtype);

/** Uniform in [low, high). */
GATUN_API gatun_status gatun_random_uniform(gatun_stream* stream, GATUN_OUT(n) void* x, GATUN_IN(2) int64_t* key,
                                            int64_t first, int64_t n, double low, double high, gatun_dtype dtype);

/** +1 or -1 with equal chance. */
GATUN_API gatun_status gatun_random_sign(gatun_stream* stream, GATUN_OUT(n) void* x, GATUN_IN(2) int64_t* key,
                                         int64_t first, int64_t n, gatun_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
