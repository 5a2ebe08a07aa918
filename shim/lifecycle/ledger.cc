#include "shim/lifecycle/ledger.hh"

namespace pqsweep {

uint32_t Books::draft(const Straggler& straggler) {
    if (!blank_)
        blank_ = table_.stragglers.reserve();
    table_.stragglers.write(blank_, straggler);
    return blank_;
}

void Books::publish(uint32_t number) {
    blank_ = 0;
    table_.stragglers.publish(number);
}

} // namespace pqsweep
