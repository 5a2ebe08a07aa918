// A command that runs while we wait for it, as if it ran in our place.
#pragma once

#include <string>
#include <vector>

namespace pqsweep::tools {

// Becomes the command. Answers only when that fails: after a message, what the shells' exit status is then.
int execute(const std::vector<std::string>& command);

class Child {
public:
    // Runs the command to its end, in our process group and on our terminal. Signals that another process sends us are
    // passed on to it; those of the terminal it gets itself. While it is stopped, so are we. From the beginning on
    // none of these signals ends us, so that what comes after it is done in any case.
    explicit Child(const std::vector<std::string>& command);

    bool has_failed() const { return wait_status_ != 0; }
    // Its exit status. Where a signal ended it, the same one ends us now.
    int exit_status() const;

private:
    int wait_status_ = 0;
};

} // namespace pqsweep::tools
