#include "tools/blockers/tree.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tools;

namespace {

Wait wait(int waiter, std::vector<int> holders, double waited) {
    return {.waiter = waiter, .holders = std::move(holders), .waited = waited};
}

// "1(2(3) 4)": who is behind whom.
std::string shape(const Node& node) {
    std::string text = std::to_string(node.pid), inner;
    for (const Node& waiter : node.waiters)
        inner += (inner.empty() ? "" : " ") + shape(waiter);
    return inner.empty() ? text : text + "(" + inner + ")";
}

std::string shapes(const Waits& waits) {
    std::string text;
    for (const Tree& tree : trees_of(waits)) {
        text += text.empty() ? "" : "; ";
        for (const Node& root : tree.roots)
            text += (&root == tree.roots.data() ? "" : " + ") + shape(root);
    }
    return text;
}

} // namespace

TEST_SUITE_BEGIN("unit: blockers");

TEST_CASE("all that wait behind one holder are one tree, those that wait longest first") {
    Waits waits;
    waits.waits = {wait(2, {1}, 5), wait(3, {1, 2}, 9), wait(4, {2}, 3)};
    CHECK(shapes(waits) == "1(3 2(4))");
    Tree tree = trees_of(waits)[0];
    CHECK(tree.waiters() == 3);
    CHECK(tree.longest()->waiter == 3);
}

TEST_CASE("holders that a waiter has in common share a tree; others have their own") {
    Waits waits;
    waits.waits = {wait(2, {1}, 5), wait(3, {1, 7}, 9), wait(12, {11}, 20)};
    CHECK(shapes(waits) == "11(12); 1(3 2) + 7");
}

TEST_CASE("a prepared transaction is a holder, and so may be nobody") {
    Waits waits;
    waits.waits = {wait(2, {0}, 5), wait(3, {}, 1)};
    CHECK(shapes(waits) == "0(2); 3");
}

TEST_CASE("a deadlock has no tree, and neither has what is behind it") {
    Waits waits;
    waits.waits = {wait(2, {3}, 1), wait(3, {2}, 1), wait(4, {3}, 1), wait(6, {5}, 2)};
    CHECK(shapes(waits) == "5(6)");
    CHECK(shapes({}) == "");
}

TEST_SUITE_END();
