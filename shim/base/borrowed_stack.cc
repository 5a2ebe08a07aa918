#include "shim/base/borrowed_stack.hh"

#include "shim/base/sys.hh"

#include <atomic>
#include <cstdint>

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

// Tells valgrind, if the program runs in it, that it is a stack: else valgrind takes a move to another stack for the end of
// everything that lies between the two. These are the instructions of <valgrind.h>, which do nothing anywhere else.
unsigned long request_of_valgrind(unsigned long request, unsigned long first, unsigned long second) {
    volatile unsigned long words[6] = {request, first, second};
    unsigned long result = 0;
#if defined(__x86_64__)
    asm volatile(
        "rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
        : "+d"(result)
        : "a"(words)
        : "cc", "memory");
#elif defined(__aarch64__)
    register unsigned long x3 asm("x3") = 0;
    register volatile unsigned long* x4 asm("x4") = words;
    asm volatile(
        "ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\torr x10, x10, x10"
        : "+r"(x3)
        : "r"(x4)
        : "cc", "memory");
    result = x3;
#endif
    return result;
}
constexpr unsigned long stack_register = 0x1501, stack_deregister = 0x1502;

// The kernel hands memory from one thread to the next in order. This says so to TSan, which sees none of our system calls.
constinit std::atomic<uint32_t> given_back;

} // namespace

BorrowedStack::BorrowedStack()
    : memory_(static_cast<char*>(sys::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0))) {
    given_back.load(std::memory_order_acquire);
    auto begin = reinterpret_cast<unsigned long>(memory_);
    if (memory_)
        valgrinds_number_ = request_of_valgrind(stack_register, begin, begin + size - 1);
}

BorrowedStack::~BorrowedStack() {
    if (!memory_)
        return;
    request_of_valgrind(stack_deregister, valgrinds_number_, 0);
    given_back.fetch_add(1, std::memory_order_release);
    sys::munmap(memory_, size);
}

void BorrowedStack::run(void (*work)(void*), void* context) const {
    if (memory_)
        call_on(top(), work, context);
    else
        work(context);
}

} // namespace pqsweep
