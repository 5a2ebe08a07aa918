#include "shim/lifecycle/last_error.hh"

#include "shim/base/borrowed_stack.hh"
#include "shim/base/socket.hh"
#include "shim/base/sys.hh"
#include "shim/lifecycle/epoll_sets.hh"
#include "shim/lifecycle/protocol.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/told_errors.hh"
#include "shim/origin/capture.hh"
#include "shim/table/source_file.hh"

namespace pqsweep::last_error {

namespace {

// A PQSWEEP_KEEP value that matches `text` and survives a shell's single quotes.
void append_keep(Text& out, std::string_view field, std::string_view text) {
    out << field << "=";
    for (char c : text)
        out << (c == ',' || c == '\'' ? std::string_view("?") : std::string_view(&c, 1));
}

std::string_view reason_of(Cause cause) {
    switch (cause) {
    case Cause::request:
        return "it was told to sweep";
    case Cause::fixture_end:
        return "its fixture ended";
    case Cause::tag_change:
    case Cause::wait:
        break;
    }
    return "its test module ended";
}

void append_deed(Text& out, const TextPool& names, const Straggler* s) {
    if (s && s->cause == Cause::wait)
        out << "pqsweep ended it because " << names.text(s->reason);
    else
        out << "pqsweep closed it when " << reason_of(s ? s->cause : Cause::tag_change);
}

void append_loss(Text& out, Table& table, const Connection& c) {
    Kept::Lost lost = sessions::of(table, c).lost();
    if (c.hindrance == Hindrance::not_restorable)
        lost = {Loss::unclear, {}};
    if (lost.loss == Loss::none || !the_settings().revive)
        return;
    out << " It could not be reconnected: " << words_for(lost.loss);
    if (!lost.since.empty())
        out << ", since \"" << lost.since << "\"";
    out << ".";
}

void detail_field(Text& out, Table& table, const Connection& c, const Straggler& s) {
    const TextPool& names = table.texts;
    out << "Opened under tag \"" << names.text(s.tag) << "\"";
    if (s.test != TextId::none)
        out << " by " << names.text(s.test);
    if (s.line != TextId::none) {
        out << " at ";
        origin::append_chain(out, names, table.origins.of(table.connections.slot_of(c)), names.text(s.test));
    }
    if (s.last_test != s.test)
        out << ", last used by " << names.text(s.last_test);
    out << ", closed " << clause_for(s.activity);
    if (s.cause == Cause::wait)
        out << ".";
    else if (s.cause == Cause::request)
        out << " when a sweep was asked for.";
    else if (s.cause == Cause::fixture_end)
        out << " when fixture \"" << names.text(s.ended_by) << "\" ended.";
    else if (s.ended_by != TextId::none)
        out << " when the tag changed to \"" << names.text(s.ended_by) << "\".";
    else
        out << " when that tag ended.";
    if (s.activity != Activity::idle)
        return;
    // Its owner had just begun, or a ROLLBACK that brought the connection back was under way at the next change.
    if (is_busy(c.activity))
        out << " A statement was running by then.";
    append_loss(out, table, c);
}

// Names what stays the same in whatever order the tests run, if it can: a connection that is meant to live on is opened by
// the first test that needs it.
void hint_field(Text& out, const TextPool& names, const Straggler& s) {
    std::string_view line = names.text(s.line), function = origin::function(line);
    bool is_own_code = !line.empty() && source_file::says(origin::file(line)) == source_file::Says::most;
    out << "If it is meant to live on, set PQSWEEP_KEEP='";
    if (is_own_code && !function.starts_with('<'))
        append_keep(out, "function", function);
    else if (is_own_code)
        append_keep(out, "file", origin::file(line));
    else if (s.cause != Cause::fixture_end && names.text(s.test).ends_with(" (setup)"))
        out << "test=*(setup)";
    else
        append_keep(out, "tag", names.text(s.tag));
    out << "'.";
}

// The body of an ErrorResponse.
void append_fields(Text& out, Table& table, const Connection& c) {
    const Straggler* s = table.stragglers.record(c.straggler());
    char field_buffer[3000];
    protocol::append_field(out, protocol::severity, "FATAL");
    protocol::append_field(out, protocol::untranslated_severity, "FATAL");
    protocol::append_field(out, protocol::sqlstate, "57P01");
    Text message(field_buffer);
    message << "terminating connection: ";
    append_deed(message, table.texts, s);
    protocol::append_field(out, protocol::message, message.view());
    if (s) {
        Text detail(field_buffer);
        detail_field(detail, table, c, *s);
        protocol::append_field(out, protocol::detail, detail.view());
        Text hint(field_buffer);
        hint_field(hint, table.texts, *s);
        protocol::append_field(out, protocol::hint, hint.view());
    }
}

void append_error(Text& out, Table& table, const Connection& c) {
    char buffer[6000];
    Text body(buffer, sizeof buffer - 1);
    append_fields(body, table, c);
    protocol::append_message(out, protocol::error_response, {buffer, body.raw(protocol::nul).size()});
}

// Replaces the socket of that connection, if it is still under its number, also in the epoll sets that have it: an event loop that slept
// through the sweep hears of the error.
bool replace_socket(Table& table, const Connection& c, std::string_view content) {
    int ends[2];
    if (sys::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return false;
    Registrations registrations(EpollSets(), c.fd);
    HeldNumbers::Grip grip(table.held_numbers, c.fd);
    bool done =
        grip && socket_cookie(c.fd) == c.cookie &&
        sys::send(ends[1], content, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(content.size());
    if (done) {
        registrations.remove();
        sys::shutdown(c.fd, SHUT_RDWR); // an io_uring waits for the former file
        done = sys::dup3(ends[0], c.fd, O_CLOEXEC) == c.fd;
        registrations.make_again();
    }
    sys::close(ends[0]);
    sys::close(ends[1]);
    return done;
}

// As told_errors::tell().
const char* tell(Table& table, const Connection& c, const void* of, const char* words,
                 std::string_view behind) {
    const char* told = nullptr;
    on_borrowed_stack([&] {
        char buffer[6000];
        Text fields(buffer);
        append_fields(fields, table, c);
        told = told_errors::tell(of, words, fields.view(), behind);
    });
    return told;
}

} // namespace

bool deliver(Table& table, Connection& c, bool expects_reply) {
    bool is_ours = socket_cookie(c.fd) == c.cookie, is_parked = is_ours && is_inert_socket(c.fd);
    bool is_mid_stream = is_busy(c.activity) && (c.mid_message || has_unread_input(c.fd));
    bool done = false;
    if (!c.encrypted && !is_mid_stream && is_ours) {
        table.held_numbers.hold(c.fd); // the program can have let it go and put the same socket back
        on_borrowed_stack([&] {
            char buffer[7000];
            Text content(buffer);
            append_error(content, table, c);
            // Without it, the end of the stream would be a second error, and PQexec returns the last one.
            if (expects_reply)
                protocol::append_message(content, protocol::ready_for_query, "I");
            done = replace_socket(table, c, content.view());
        });
    }
    if (is_parked && !done)
        end_inert_socket(c.fd); // else libpq would wait for ever
    return done;
}

void tell_in(Table& table, const Connection& c, const PGresult* result) {
    tell(table, c, result, c.libpq->PQresultErrorMessage(result), "");
}

const char* of_untold_end(Table& table, const Connection& c, const char* message) {
    const char* told = tell(table, c, c.conn.load(std::memory_order_relaxed), message, message);
    return told ? told : message;
}

// psycopg 3 passes on only what follows the message's last ": ", so the words of ours come last.
const char* of_failed_revival(Table& table, const Connection& c, const char* message) {
    const Straggler* record = table.stragglers.record(c.straggler());
    char words_buffer[150];
    Text words(words_buffer);
    words << "pqsweep had closed the connection when "
          << reason_of(record ? record->cause : Cause::tag_change) << ", and could not bring it back";
    std::string_view first = [&]() -> std::string_view {
        switch (c.hindrance) {
        case Hindrance::no_time:
            return "the server did not reply in time";
        case Hindrance::unheard:
            return "the program's event loop would not hear the reply on another socket";
        default:
            return utf8_prefix(message, TextPool::longest - words.size() - 2);
        }
    }();
    char buffer[TextPool::longest];
    Text text(buffer);
    text.raw(first);
    if (!first.empty() && first.back() != '\n')
        text.newline();
    text.raw(words.view()).newline();
    std::string_view kept = table.texts.text(table.texts.intern(text.view()));
    return kept == text.view() ? kept.data() : message;
}

} // namespace pqsweep::last_error
