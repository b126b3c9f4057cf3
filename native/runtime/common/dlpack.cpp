// Arrays in and out by DLPack: structs with a deleter, which the receiver calls exactly once. An exported array shares
// what it lies in with its scope; an imported one becomes a part of what the scope holds.
#include "dlpack.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "arena.h"
#include "device.h"
#include "status.h"

namespace gatun {
namespace {

using dlpack::Managed;
using dlpack::ManagedVersioned;

constexpr dlpack::Version version{1, 0};

/// Calls `use` with the type of struct that `form` names.
template <class Use> void with_form(gatun_dlpack_form form, Use&& use) {
  switch (form) {
    case GATUN_DLPACK_PLAIN:
      return use(static_cast<Managed*>(nullptr));
    case GATUN_DLPACK_VERSIONED:
      return use(static_cast<ManagedVersioned*>(nullptr));
    default:
      fail(GATUN_INVALID, "form is ", form, "; it must be GATUN_DLPACK_PLAIN or GATUN_DLPACK_VERSIONED");
  }
}

void require_type(int code, int bits) {
  const bool known = code == GATUN_DLPACK_BFLOAT
                         ? bits == 16
                         : (code == GATUN_DLPACK_INT || code == GATUN_DLPACK_FLOAT) && (bits == 32 || bits == 64);
  require(known, "elements of DLPack's type code ", code, " with ", bits,
          " bits are not taken: only integers and floats of 32 and 64 bits, and bfloats of 16");
}

/// The bytes of an array; refuses sizes that are negative or too large to count.
int64_t bytes_of(const int64_t* sizes, int32_t rank, int bits) {
  require(rank >= 0 && rank <= GATUN_DLPACK_MOST_AXES, "the array has ", rank, " axes; it may have 0 to ",
          int{GATUN_DLPACK_MOST_AXES});
  require(rank == 0 || sizes, "the array's sizes are null");
  bool empty = false;
  int64_t bytes = bits / 8;
  for (int32_t axis = 0; axis < rank; axis++) {
    require(sizes[axis] >= 0, "size ", axis, " is ", sizes[axis], "; it must not be negative");
    empty = empty || sizes[axis] == 0;
    // Strides beside a size of 0 must be counted too.
    require(!__builtin_mul_overflow(bytes, std::max<int64_t>(sizes[axis], 1), &bytes),
            "the array's bytes are too many to count");
  }
  return empty ? 0 : bytes;
}

std::vector<int64_t> row_major(const int64_t* sizes, int32_t rank) {
  std::vector<int64_t> strides(static_cast<size_t>(rank));
  int64_t stride = 1;
  for (size_t axis = strides.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<int64_t>(sizes[axis], 1);
  }
  return strides;
}

/// Along an axis of one element nothing is skipped, so its stride says nothing.
void require_row_major(const dlpack::Tensor& tensor) {
  const auto expected = row_major(tensor.sizes, tensor.rank);
  for (size_t axis = 0; axis < expected.size(); axis++)
    require(tensor.sizes[axis] == 1 || tensor.strides[axis] == expected[axis], "stride ", axis, " is ",
            tensor.strides[axis], " elements, not the ", expected[axis],
            " of row-major order: copy the array to a contiguous one first");
}

// ---- Out -----------------------------------------------------------------------------------------------------------

/// What an exported array keeps until its deleter is called.
template <class Form> struct Exported {
  std::shared_ptr<const void> held;
  std::vector<int64_t> sizes, strides;
  Form managed{};
};

bool lies_in(const char* at, int64_t bytes, const char* start, int64_t length) {
  return at >= start && at + bytes <= start + length;
}

/// What an array lies in. Memory that was lent without a deleter is not the scope's to keep.
std::shared_ptr<const void> holder_of(const gatun_scope& scope, const void* address, int64_t bytes) {
  const auto* at = static_cast<const char*>(address);
  for (const auto& held : scope.chunks)
    if (lies_in(at, bytes, held->chunk.start, held->chunk.bytes)) return held;
  for (const auto& loan : scope.loans)
    if (lies_in(at, bytes, loan->at.start, loan->at.bytes)) return loan;
  fail(GATUN_INVALID, "the array does not lie in memory of this scope: only its owner can hand it on");
}

void stamp(Managed&) {}
void stamp(ManagedVersioned& managed) { managed.version = version; }

template <class Form> void* exported(std::shared_ptr<const void> held, const dlpack::Tensor& tensor) {
  auto out = std::make_unique<Exported<Form>>();
  out->held = std::move(held);
  out->sizes.assign(tensor.sizes, tensor.sizes + tensor.rank);
  out->strides = row_major(tensor.sizes, tensor.rank);
  stamp(out->managed);
  out->managed.tensor = tensor;
  out->managed.tensor.sizes = out->sizes.data();
  out->managed.tensor.strides = out->strides.data();
  out->managed.owner = out.get();
  out->managed.deleter = [](Form* self) { delete static_cast<Exported<Form>*>(self->owner); };
  return &out.release()->managed;
}

// ---- In ------------------------------------------------------------------------------------------------------------

void require_known(const Managed&) {}
void require_known(const ManagedVersioned& managed) {
  require(managed.version.major == version.major, "the array is of DLPack version ", managed.version.major, ".",
          managed.version.minor, "; only major version ", version.major, " is known here");
  require(!(managed.flags & dlpack::read_only), "the array is read-only; those of Gatun may be written");
}

template <class Form> void give_back(void* managed) {
  auto* const form = static_cast<Form*>(managed);
  if (form->deleter) form->deleter(form);
}

/// Where the array lies, if it can be taken over.
template <class Form> Chunk place_of(gatun_device* device, Form& managed) {
  require_known(managed);
  const auto& tensor = managed.tensor;
  const auto here = dlpack_device(device);
  require(tensor.device.type == here.type && tensor.device.ordinal == here.ordinal,
          "the array is on DLPack's device type ", tensor.device.type, ", number ", tensor.device.ordinal,
          ", not on this device, which is type ", here.type, ", number ", here.ordinal);
  require(tensor.type.lanes == 1, "the array's elements have ", tensor.type.lanes, " lanes; they must have 1");
  require_type(tensor.type.code, tensor.type.bits);
  const int64_t bytes = bytes_of(tensor.sizes, tensor.rank, tensor.type.bits);
  if (bytes && tensor.strides) require_row_major(tensor);
  const auto at = reinterpret_cast<uintptr_t>(tensor.data) + tensor.byte_offset;
  const uintptr_t each = tensor.type.bits / 8;
  require(at % each == 0, "the array begins at an address that is no multiple of the ", each, " bytes of an element");
  if (bytes) {
    require(tensor.data != nullptr, "the array has ", bytes, " bytes, but its address is null");
    admit(device, reinterpret_cast<const void*>(at), bytes);
  }
  return {reinterpret_cast<char*>(at), bytes};
}

}  // namespace
}  // namespace gatun

using gatun::check;
using gatun::guarded;
using gatun::require;

gatun_status gatun_dlpack_export(gatun_scope* scope, void** managed, void* address, const int64_t* sizes, int32_t rank,
                                 gatun_dlpack_type type, int32_t bits, gatun_dlpack_form form) {
  return guarded([&] {
    check(scope);
    require(managed != nullptr, "the address for the array is null");
    gatun::require_type(type, bits);
    const int64_t bytes = gatun::bytes_of(sizes, rank, bits);
    const auto held = gatun::holder_of(*scope, address, bytes);
    const gatun::dlpack::Tensor tensor{address,
                                       gatun::dlpack_device(scope->device),
                                       rank,
                                       {static_cast<uint8_t>(type), static_cast<uint8_t>(bits), 1},
                                       const_cast<int64_t*>(sizes),
                                       nullptr,
                                       0};
    gatun::with_form(form, [&]<class Form>(Form*) { *managed = gatun::exported<Form>(held, tensor); });
  });
}

gatun_status gatun_dlpack_import(gatun_scope* scope, void** address, int64_t* sizes, int32_t* rank,
                                 gatun_dlpack_type* type, int32_t* bits, void* managed, gatun_dlpack_form form) {
  return guarded([&] {
    check(scope);
    require(address && sizes && rank && type && bits, "an address for the answer is null");
    require(managed != nullptr, "the array is null");
    require(!scope->recording, "the scope was opened while recording: its arrays end with the walk");
    gatun::with_form(form, [&]<class Form>(Form*) {
      auto& array = *static_cast<Form*>(managed);
      const auto place = gatun::place_of(scope->device, array);
      auto& loans = scope->loans;
      require(std::none_of(loans.begin(), loans.end(), [&](const auto& had) { return had->managed == managed; }),
              "the scope has taken this array over before");
      loans.reserve(loans.size() + 1);  // behind here nothing fails: a loan that is made gives back
      loans.push_back(std::make_shared<gatun::Loan>(place, managed, gatun::give_back<Form>));
      *address = place.start;
      *rank = array.tensor.rank;
      std::copy_n(array.tensor.sizes, array.tensor.rank, sizes);
      *type = array.tensor.type.code;
      *bits = array.tensor.type.bits;
    });
  });
}

gatun_status gatun_dlpack_delete(void* managed, gatun_dlpack_form form) {
  return guarded([&] {
    require(managed != nullptr, "the array is null");
    gatun::with_form(form, [&]<class Form>(Form*) { gatun::give_back<Form>(managed); });
  });
}
