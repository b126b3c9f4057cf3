// Where the arrays of a recording lie. The first walk tells which calls use which array; then arrays that no two calls
// hold at once share a place, and the second walk is given these places. What is asked of a scope lives, so, from the
// first call that uses it to the last, however long the scope stays open.
#pragma once
#include <memory>
#include <vector>

#include "arena.h"

namespace gatun {

/// Memory of the arrays of all recordings of a stream: one replay follows the other, and what lies in a scope that was
/// opened while recording is of no use behind its end.
class SharedBlocks {
 public:
  explicit SharedBlocks(gatun_device* device) : device_(device) {}
  ~SharedBlocks();
  SharedBlocks(const SharedBlocks&) = delete;
  /// The same offset or the next one at which so many bytes lie in one block.
  int64_t whole(int64_t offset, int64_t bytes) const;
  /// Makes room up to `bytes`.
  void reach(int64_t bytes);
  char* at(int64_t offset) const;
  /// Negative where the address is not in it.
  int64_t offset_of(const char* address) const;
  int64_t bytes() const { return bytes_; }

 private:
  gatun_device* device_;
  std::vector<Chunk> blocks_;
  int64_t bytes_ = 0;
};

class MemoryPlan {
 public:
  explicit MemoryPlan(std::shared_ptr<SharedBlocks> blocks) : blocks_(std::move(blocks)) {}

  // ---- The first walk ----------------------------------------------------------------------------------------------

  /// An address that stands for an array: there is no memory behind it.
  char* ask(const gatun_scope* scope, int64_t bytes);
  /// The scope's arrays are used no more.
  void close(const gatun_scope* scope);
  /// What follows is used by the next call.
  void begin_call() { call_++; }
  void use(const void* address);
  /// A table's arrays are not known: all that could be among them are used.
  void use_all();

  /// Finds a place for each array, the largest first, each the lowest that is free while it lives.
  void settle();

  // ---- The second walk ---------------------------------------------------------------------------------------------

  /// The place of the array that was asked for in its turn.
  char* next(int64_t bytes);
  /// Whether an address of the first walk lies in an array that was asked for, or at the end of the last, and whether
  /// another one is where it lies now.
  bool is_asked(uint64_t planned) const;
  bool lies_at(uint64_t planned, const void* address) const;
  /// Refuses arrays that were asked for the first time and not the second.
  void require_all_met() const;

  const std::shared_ptr<SharedBlocks>& blocks() const { return blocks_; }
  /// What arrays with places of their own would take, and what they take where no block is there before.
  int64_t naive_bytes() const { return asked_bytes_; }
  int64_t placed_bytes() const { return placed_bytes_; }

 private:
  struct Asked {
    int64_t at, bytes;
    const gatun_scope* scope;  ///< null once closed
    int64_t first = 0, last = 0, offset = 0;
  };
  void use(Asked& array);
  /// The number of the array that an address of the first walk lies in.
  size_t number_of(int64_t planned) const;
  /// Answers where the last one ends. With `blocks`, each lies in one of them.
  int64_t place(const SharedBlocks* blocks);

  std::shared_ptr<SharedBlocks> blocks_;
  std::vector<Asked> asked_;
  int64_t asked_bytes_ = 0, placed_bytes_ = 0, call_ = 0;
  size_t next_ = 0;
};

}  // namespace gatun
