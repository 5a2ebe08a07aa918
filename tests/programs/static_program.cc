// Has no loader, so nothing can be preloaded into it.
// link: -static -fno-sanitize=all
int main() {}
