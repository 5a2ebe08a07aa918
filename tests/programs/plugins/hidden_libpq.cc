// A library with a libpq inside that it does not export, as some drivers' wheels have. It can be loaded lazily, but not
// called: Debian has the rest of a static libpq only in a package for server development. Below is what
// libpq takes the address of: a variable of libgssapi's, and from 18 on two functions of libpq-oauth's.
// link: -Wl,--whole-archive,-l:libpq.a,--no-whole-archive -Wl,--exclude-libs,ALL -lssl -lcrypto -Wl,--unresolved-symbols=ignore-all

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" const void* const GSS_C_NT_HOSTBASED_SERVICE = nullptr;
extern "C" void pg_fe_run_oauth_flow() {}
extern "C" void pg_fe_cleanup_oauth_flow() {}
