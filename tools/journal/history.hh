// Adds up the records of runs: counts by tag, the culprits, and how many connections were open when.
//
// Takes records one by one. Keeps only counts and the connections that are open, so its size depends on the number of
// tags, of culprits, and of connections open at once, and not on the number of records.
#pragma once

#include "shim/table/by_activity.hh"
#include "tools/journal/reader.hh"
#include "tools/journal/strings.hh"
#include "tools/journal/timeline.hh"

#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace pqsweep::tools {

// Counts connections for the tag that opened them. A connection that is swept twice is two stragglers.
struct TagCounts {
    uint64_t opened = 0, closed = 0;
    bool has_tests = false; // a test runner said which test was running when a connection was opened
    ByActivity<uint64_t> swept;
    uint64_t fates[std::size(all_fates)] = {}; // by Fate
    // The most connections that all processes of a run had open while this tag was current in one of them, and the most
    // that they would have had without sweeps.
    uint32_t peak = 0, peak_without = 0;

    uint64_t of(Fate fate) const { return fates[static_cast<int>(fate)]; }
    uint64_t abandoned() const { return of(Fate::left_open); }
    TagCounts& operator+=(const TagCounts& other);
};

// The connections that one test opened at one place, that were in one state when swept, and that had one fate.
struct Culprit {
    Strings::Id tag = 0;    // in tags(), the others in texts()
    Strings::Id test = 0;   // the script or the program, if there was neither tag nor test
    Strings::Id stack = 0;  // a line for each frame, the innermost first
    bool is_source = false; // the lines are "file:line function", else "module+offset"
    bool is_pools = false;
    Strings::Id pool_line = 0; // that made the pool; empty: not known
    Strings::Id state = 0;     // empty: not known
    Fate fate = Fate::left_open;
    Strings::Id last_test = 0; // that used one of them; empty: the test that opened it
    uint64_t count = 0;
    uint64_t outlived = 0; // the most tags that ended between its opening and its fate
    double age = 0;        // seconds, of the oldest when it was swept, or the process ended
    int64_t backend = 0;   // of the first
    Strings::Id database = 0;
};

// Says what a child process did with its parent's connections.
struct Inherited {
    Strings::Id tag = 0, test = 0, did = 0, database = 0;
    Strings::Id stack = 0; // as in Culprit
    bool is_source = false;
    int64_t backend = 0;
    uint64_t count = 0;
};

// A statement that waited long for a lock.
struct LongWait {
    Strings::Id tag = 0; // of the waiter's connection
    Strings::Id test = 0, lock = 0, database = 0;
    int64_t backend = 0;
    double begun = 0; // seconds since 1970
    // Of the connection that held the lock, if it was the run's: the test that opened it, the line, the test that used it
    // last.
    Strings::Id holder = 0, holder_line = 0, holder_user = 0;
    double waited = 0;     // seconds
    bool is_ended = false; // the holder, by pqsweep
};

// A database that could not be dropped or copied, because connections were open on it.
struct DatabaseInUse {
    struct User {
        Strings::Id tag, test, stack;
        bool is_source;
        int64_t backend;
    };
    Strings::Id database = 0;
    std::vector<User> users{}; // the run's
};

// The connections that were opened at one place while no tag was set. No sweep touches them.
struct Untagged {
    Strings::Id stack = 0; // as in Culprit
    bool is_source = false;
    uint64_t opened = 0;
    uint64_t open_without_slot = 0; // when the server had no slot left for the first time
};

// Whose connection the server refused first, because it had no slot left.
struct Slotless {
    Strings::Id tag, test;
};

// What `pqsweep run` started.
struct Launch {
    std::string run, command, folder, host, versions;
    std::string root;     // of the repository
    std::string revision; // empty: not known
};

// The processes that count together: those of one PQSWEEP_RUN or, without that variable, those of one machine. Each run
// has a time of its own, which begins with its first record.
struct Run {
    std::string name;
    int64_t start = 0; // microseconds since 1970
    uint32_t peak = 0, peak_without = 0;
    std::vector<std::pair<Strings::Id, uint32_t>> current{}; // tags, and in how many processes
    Timeline timeline{};
};

class History {
public:
    // Takes the records of a process in the order in which they were written. `is_last`: no more will come of that
    // process. It has ended then, with or without an `exit`.
    void take(const JournalRecord& record, bool is_last);
    // Call after the last record of all.
    void finish();

    // By their numbers in tag_names(), in the order in which they appeared. 0 stands for no tag.
    const std::vector<TagCounts>& tags() const { return tags_; }
    const Strings& tag_names() const { return tag_names_; }
    const Strings& texts() const { return texts_; }
    const std::vector<Culprit>& culprits() const { return culprits_; }
    const std::vector<Inherited>& inherited() const { return inherited_; }
    const std::vector<LongWait>& waits() const { return waits_; }
    const std::vector<DatabaseInUse>& in_use() const { return in_use_; }
    const std::vector<Untagged>& untagged() const { return untagged_; }
    const std::optional<Slotless>& slotless() const { return slotless_; }
    const std::vector<Run>& runs() const { return runs_; }
    const std::vector<Launch>& launches() const { return launches_; }
    // That tags came from, in any process.
    const std::set<std::string, std::less<>>& tag_variables() const { return tag_variables_; }
    // Returns what the shim wrote while nobody could read it.
    const std::set<std::string, std::less<>>& warnings() const { return warnings_; }
    // The programs that left connections open, at a place that their journals do not name.
    const std::set<std::string, std::less<>>& unlocated_programs() const { return unlocated_programs_; }
    TagCounts total() const; // peaks: of any run
    uint64_t processes() const { return processes_; }
    uint64_t without_exit() const { return without_exit_; } // processes that were killed, or still ran
    uint64_t untracked() const { return untracked_; }
    double revival_time() const { return revival_time_; } // seconds, of all revivals

private:
    struct Open {
        Strings::Id tag, test;
        uint32_t tags_before; // that had ended in the process when it was opened
        Strings::Id stack = 0, database = 0, last_test = 0;
        Strings::Id state = 0; // when it was swept, or the process ended
        int64_t backend = 0;
        double age = 0;
        bool is_source = false;
        bool is_live = true;
        bool awaits_fate = false;
        Fate fate = Fate::left_open; // what it comes to if nothing more happens to it
        bool is_closed = false;      // late or dropped, but the sweep's record is still to come
        bool is_left = false;        // when the program ended
        bool is_pools = false;
        Strings::Id pool_line = 0;
        uint32_t outlived = 0; // tags, when its fate was known
    };
    // The connections of a library's pool, of all processes, that were opened at one place: see settle_pools().
    struct Pool {
        std::set<Strings::Id> tags{};
        bool is_shared = false;
        std::vector<std::pair<uint64_t, Open>> left{}; // by process: idle, and of one tag alone
    };
    struct Process {
        uint32_t run;
        uint64_t number = 0;           // of all processes, from 1 on
        std::string program{}, name{}; // `name`: of the script or the program, for people
        Strings::Id tag = 0;
        uint32_t tags_ended = 0;
        bool is_tag_new = true; // its sweeps are still to come, before which it is not current
        bool has_exit = false;
        std::unordered_map<int64_t, Open> connections;
        std::vector<Inherited> inherited; // one for each connection of its parent's
    };

    Process& process_of(const JournalRecord& record);
    void apply(Process& process, const JournalRecord& record);
    Open& open(Process& process, const JournalRecord& record);
    void describe(Open& connection, const JournalRecord& opening);
    void settle(Process& process, Open& connection, Fate fate);
    void add_culprit(const Open& connection, Fate fate);
    Pool& pool_of(const Open& connection);
    void settle_pools();
    void close(Process& process, const JournalRecord& record);
    void sweep(Process& process, const JournalRecord& record);
    void count(Process& process, Strings::Id tag, int live, int without);
    void settle_tag(Process& process);
    void change_tag(Process& process, const JournalRecord& record);
    void end(Process& process);
    void note_inherited(Process& process, const JournalRecord& record);
    void fold_inherited(const Process& process);
    void note_wait(const JournalRecord& record);
    void note_launch(const JournalRecord& record);
    void note_in_use(const JournalRecord& record);
    void note_untagged(const Open& connection);
    void note_warning(const JournalRecord& record);
    void note_no_slot(const JournalRecord& record);
    Strings::Id tag_id(std::string_view name);
    Strings::Id stack_id(const JournalRecord& record);

    int64_t now_ = 0;
    Strings tag_names_, texts_;
    std::vector<TagCounts> tags_{1};
    std::vector<Culprit> culprits_;
    std::vector<Inherited> inherited_;
    std::set<std::string, std::less<>> tag_variables_, unlocated_programs_, warnings_;
    std::vector<LongWait> waits_;
    std::vector<Launch> launches_;
    std::vector<DatabaseInUse> in_use_;
    std::vector<Untagged> untagged_;
    std::optional<Slotless> slotless_;
    std::unordered_map<std::string, size_t> culprit_places_, inherited_places_, untagged_places_;
    std::vector<Run> runs_;
    std::unordered_map<std::string, uint32_t> run_places_;
    std::unordered_map<uint64_t, Process> live_;
    std::map<std::string, Pool, std::less<>> pools_; // by the line that opened their connections
    uint64_t processes_ = 0, without_exit_ = 0, untracked_ = 0;
    double revival_time_ = 0;
};

// Reads all records of the journals into `history`, those of different files by their time. `run`: only the processes of
// that run; empty: all. Notes in `problems` which lines it can't use.
void read_journals(const std::vector<std::string>& files, const std::string& run, History& history,
                   Problems& problems);

} // namespace pqsweep::tools
