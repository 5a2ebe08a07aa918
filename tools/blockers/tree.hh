// Tree: the graph of waits. A root is a session that waits for nobody; behind it are those that wait for it.
#pragma once

#include "tools/blockers/waits.hh"

namespace pqsweep::tools {

struct Node {
    int pid = 0;                // 0: a prepared transaction
    const Wait* wait = nullptr; // of the Waits that the tree is made of; null for a root that holds
    std::vector<Node> waiters{};
};

// One notice: all holders that have a waiter in common, and all that is behind them. A waiter stands in it once, behind a holder
// that waits for nobody if there is one. A root with a wait has no holder that the server can name.
struct Tree {
    std::vector<Node> roots{};

    // The wait that lasts longest.
    const Wait* longest() const;
    size_t waiters() const;
};

// Those that wait longest come first. A deadlock has no root, and no tree: PostgreSQL ends it.
std::vector<Tree> trees_of(const Waits& waits);

// Calls visit(const Node&) for all nodes of the tree.
template<class Visit>
void each_node(const std::vector<Node>& nodes, Visit visit) {
    for (const Node& node : nodes) {
        visit(node);
        each_node(node.waiters, visit);
    }
}

} // namespace pqsweep::tools
