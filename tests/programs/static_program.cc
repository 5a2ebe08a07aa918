// A static program has no loader, so no library can be preloaded into it.
// link: -static -fno-sanitize=all
int main() {}
