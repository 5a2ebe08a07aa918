#include "shim/base/borrowed_stack.hh"

#include "shim/base/sys.hh"

namespace pqsweep {

namespace {

[[gnu::noinline]] void call_on(char* top, void (*work)(void*), void* context) {
#if defined(__x86_64__)
    asm volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tcallq *%1\n\tmovq %%rbx, %%rsp"
                 : "+r"(top), "+r"(work), "+D"(context)
                 :
                 : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0",
                   "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
#elif defined(__aarch64__)
    register void* x0 asm("x0") = context;
    asm volatile("mov x19, sp\n\tmov sp, %1\n\tblr %2\n\tmov sp, x19"
                 : "+r"(x0), "+r"(top), "+r"(work)
                 :
                 : "x19", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                   "x14", "x15", "x16", "x17", "x30", "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5",
                   "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
                   "v27", "v28", "v29", "v30", "v31");
#endif
}

} // namespace

BorrowedStack::BorrowedStack()
    : memory_(static_cast<char*>(sys::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0))) {
}

BorrowedStack::~BorrowedStack() {
    if (memory_)
        sys::munmap(memory_, size);
}

void BorrowedStack::run(void (*work)(void*), void* context) const {
    if (memory_)
        call_on(top(), work, context);
    else
        work(context);
}

} // namespace pqsweep
