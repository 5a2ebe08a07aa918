// A program with a libpq inside, which no preloaded library can reach. It does not call that libpq: Debian has the
// rest of a static libpq only in a package for server development.
// link: -Wl,--whole-archive,-l:libpq.a,--no-whole-archive -Wl,--unresolved-symbols=ignore-all -no-pie -fno-sanitize=all
int main() {}
