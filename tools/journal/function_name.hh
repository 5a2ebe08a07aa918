// The name of a C or C++ function, as short as people say it.
#pragma once

#include <string>

namespace pqsweep::tools {

// Turns a mangled name into the name with its scopes: "Orders::load", "run<>", "main::{lambda()#1}::operator()". Leaves out
// parameters, the result's type, template arguments and unnamed namespaces. A name that is not mangled stays.
std::string short_function_name(const std::string& linkage_name);

} // namespace pqsweep::tools
