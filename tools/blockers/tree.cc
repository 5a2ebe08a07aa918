#include "tools/blockers/tree.hh"

#include <algorithm>
#include <map>

namespace pqsweep::tools {

namespace {

class Graph {
public:
    explicit Graph(const Waits& waits) {
        for (const Wait& wait : waits.waits)
            waits_.try_emplace(wait.waiter, &wait);
        for (auto [pid, wait] : waits_)
            place(pid, *wait);
    }

    std::vector<Tree> trees() {
        std::map<int, Tree> by_root;
        for (auto [root, group] : group_of_)
            by_root[find(group)].roots.push_back(node(root));
        std::vector<Tree> trees;
        for (auto& [root, tree] : by_root)
            trees.push_back(std::move(tree));
        for (auto [pid, wait] : waits_)
            if (wait->holders.empty())
                trees.push_back({{node(pid)}});
        return trees;
    }

private:
    bool is_root(int pid) const { return !waits_.contains(pid); }

    // Behind a holder that waits for nobody, if there is one; all such holders then share a tree.
    void place(int pid, const Wait& wait) {
        int parent = -1;
        for (int holder : wait.holders) {
            if (!is_root(holder))
                continue;
            if (parent < 0)
                parent = holder;
            group_of_.try_emplace(holder, holder);
            group_of_[find(holder)] = find(parent);
        }
        if (parent < 0 && !wait.holders.empty())
            parent = wait.holders.front();
        if (parent >= 0)
            behind_[parent].push_back(pid);
    }

    int find(int root) {
        while (group_of_.at(root) != root)
            root = group_of_.at(root);
        return root;
    }

    // Ends: each waiter is behind one other, and a root is behind none.
    Node node(int pid) {
        auto wait = waits_.find(pid);
        Node made{.pid = pid, .wait = wait == waits_.end() ? nullptr : wait->second};
        for (int waiter : behind_[pid])
            made.waiters.push_back(node(waiter));
        std::stable_sort(made.waiters.begin(), made.waiters.end(),
                         [](auto& a, auto& b) { return a.wait->waited > b.wait->waited; });
        return made;
    }

    std::map<int, const Wait*> waits_;
    std::map<int, int> group_of_; // of a root: another one of its tree, or itself
    std::map<int, std::vector<int>> behind_;
};

} // namespace

const Wait* Tree::longest() const {
    const Wait* longest = nullptr;
    each_node(roots, [&](const Node& node) {
        if (node.wait && (!longest || node.wait->waited > longest->waited))
            longest = node.wait;
    });
    return longest;
}

size_t Tree::waiters() const {
    size_t count = 0;
    each_node(roots, [&](const Node& node) { count += node.wait != nullptr; });
    return count;
}

std::vector<Tree> trees_of(const Waits& waits) {
    std::vector<Tree> trees = Graph(waits).trees();
    std::stable_sort(trees.begin(), trees.end(),
                     [](auto& a, auto& b) { return a.longest()->waited > b.longest()->waited; });
    return trees;
}

} // namespace pqsweep::tools
