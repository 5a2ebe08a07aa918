// fmt as one object, for the command that is a static file: Debian has fmt as headers and as a shared library. The Makefile has the
// compiler keep all of fmt's functions here. Compiled into each file of the tools, they would cost seconds.
#define FMT_HEADER_ONLY
#include <fmt/chrono.h>
#include <fmt/format.h>

template std::locale fmt::detail::locale_ref::get<std::locale>() const;
