// Runs kernels of gatun.h on saved cases and compares what they leave with what was saved, bit for bit. Tests in Java
// save the cases; here sanitizers look on, of the C++ compiler or of CUDA, which no JVM could run under.
//
//   replay <gatun.h> <file of cases> [kernel]
//
// Each array is memory of its own, no larger than it, so that an access beyond it is seen. Without a kernel's name
// every kernel of the header must have a case.
//
// A case: the name; the arrays, each with its bytes before and after; the arguments that are integers or addresses;
// those that are doubles. Counts and lengths are int64, in the byte order of the machine.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gatun.h"
#include "memory.h"

namespace {

constexpr int most_words = 40, most_numbers = 8;

/// One array of a case; a table holds the numbers of others, which become their addresses.
struct Array {
  bool table;
  std::vector<char> before, after;
  Memory memory;
};

struct Case {
  std::string kernel;
  std::vector<Array> arrays;
  std::vector<int64_t> words;
  std::vector<double> numbers;
};

// ---- Reading -------------------------------------------------------------------------------------------------------

int64_t read_integer(std::istream& file) {
  int64_t value = 0;
  file.read(reinterpret_cast<char*>(&value), sizeof value);
  return value;
}

template <class Text> Text read_bytes(std::istream& file) {
  Text bytes(static_cast<size_t>(read_integer(file)), 0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

Case read_case(std::istream& file) {
  Case read;
  read.kernel = read_bytes<std::string>(file);
  read.arrays.resize(static_cast<size_t>(read_integer(file)));
  for (auto& array : read.arrays) {
    array.table = read_integer(file);
    array.before = read_bytes<std::vector<char>>(file);
    array.after = read_bytes<std::vector<char>>(file);
    if (!array.table) array.memory = Memory(array.before);
  }
  const auto address = [&](int64_t number) { return read.arrays.at(static_cast<size_t>(number)).memory.address(); };
  for (auto& array : read.arrays) {
    if (!array.table) continue;
    auto* const entries = reinterpret_cast<int64_t*>(array.before.data());
    for (size_t i = 0; i < array.before.size() / sizeof(int64_t); i++) entries[i] = address(entries[i]);
    array.memory = Memory(array.before);
  }
  for (int64_t left = read_integer(file); left; left--) {
    const bool is_array = read_integer(file);
    const int64_t value = read_integer(file);
    read.words.push_back(is_array ? address(value) : value);
  }
  for (int64_t left = read_integer(file); left; left--) {
    double number;
    file.read(reinterpret_cast<char*>(&number), sizeof number);
    read.numbers.push_back(number);
  }
  if (!file) throw std::runtime_error("the file of cases ends within a case");
  return read;
}

// ---- Running -------------------------------------------------------------------------------------------------------

/// x86-64 passes integers and addresses in one sequence and doubles in another, and a function does not look beyond
/// what it has parameters for: so one type calls every kernel.
template <size_t... w, size_t... n> gatun_status call(void* kernel, const int64_t* words, const double* numbers,
                                                      std::index_sequence<w...>, std::index_sequence<n...>) {
  using Kernel = gatun_status (*)(decltype(w, int64_t{})..., decltype(n, double{})...);
  return reinterpret_cast<Kernel>(kernel)(words[w]..., numbers[n]...);
}

void require_done(gatun_status status, const std::string& what) {
  if (status != GATUN_DONE) throw std::runtime_error(what + ": " + gatun_last_error());
}

void run(gatun_stream* stream, const Case& replayed) {
  void* const kernel = dlsym(RTLD_DEFAULT, ("gatun_" + replayed.kernel).c_str());
  if (!kernel) throw std::runtime_error(replayed.kernel + " is no kernel of this library");
  int64_t words[most_words] = {reinterpret_cast<int64_t>(stream)};
  double numbers[most_numbers] = {};
  if (replayed.words.size() >= most_words || replayed.numbers.size() > most_numbers)
    throw std::runtime_error(replayed.kernel + " has more arguments than a replay passes");
  std::copy(replayed.words.begin(), replayed.words.end(), words + 1);
  std::copy(replayed.numbers.begin(), replayed.numbers.end(), numbers);
  require_done(
      call(kernel, words, numbers, std::make_index_sequence<most_words>{}, std::make_index_sequence<most_numbers>{}),
      replayed.kernel);
  require_done(gatun_stream_join(stream), replayed.kernel);
  for (size_t i = 0; i < replayed.arrays.size(); i++) {
    const auto& array = replayed.arrays[i];
    if (!array.table && array.memory.contents() != array.after)
      throw std::runtime_error(replayed.kernel + ": array " + std::to_string(i) + " has other bits than were saved");
  }
}

/// The functions of the header that work on a stream, but copies and recordings.
std::set<std::string> kernels_of(const char* header) {
  std::ifstream file(header);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex declaration(R"(gatun_status gatun_(\w+)\(\s*gatun_stream\* stream,)");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at)
    if (const std::string name = (*at)[1]; !name.starts_with("copy") && !name.starts_with("recording"))
      names.insert(name);
  if (names.empty()) throw std::runtime_error(std::string(header) + " declares no kernel");
  return names;
}

int replay(const char* header, const char* cases, const std::string& only) {
  gatun_device* device;
  gatun_stream* stream;
  require_done(gatun_device_open(&device, 0, 0), "opening a device");
  require_done(gatun_stream_open(device, &stream), "opening a stream");
  auto missing = kernels_of(header);
  std::ifstream file(cases, std::ios::binary);
  int count = 0;
  while (file.peek() != EOF) {
    const auto next = read_case(file);
    if (!only.empty() && next.kernel != only) continue;
    run(stream, next);
    missing.erase(next.kernel);
    count++;
  }
  require_done(gatun_device_close(device), "closing the device");
  require_nothing_held();
  if (!count) throw std::runtime_error("no case was replayed");
  if (only.empty() && !missing.empty()) {
    std::string names;
    for (const auto& name : missing) names += (names.empty() ? "" : ", ") + name;
    throw std::runtime_error("there is no case of " + names);
  }
  std::printf("%d cases have the bits that were saved\n", count);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count < 3) throw std::runtime_error("replay <gatun.h> <file of cases> [kernel]");
    return replay(arguments[1], arguments[2], count > 3 ? arguments[3] : "");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
