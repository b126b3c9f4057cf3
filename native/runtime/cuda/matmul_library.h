// Which library multiplies matrices.
#pragma once
#include <string>

namespace gatun {

/// For people: name and version, or why the library's own kernels run.
std::string matmul_library_description();

}  // namespace gatun
