#include "shim/base/socket.hh"
#include "tests/support/socket_pair.hh"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pqsweep;
using pqsweep::tests::SocketPair;

TEST_SUITE_BEGIN("unit: socket");

TEST_CASE("cookies tell sockets apart, and from everything else") {
    SocketPair a, b;
    CHECK(socket_cookie(a.ends[0]) != 0);
    CHECK(socket_cookie(a.ends[0]) != socket_cookie(a.ends[1]));
    CHECK(socket_cookie(a.ends[0]) != socket_cookie(b.ends[0]));
    int copy = dup(a.ends[0]);
    CHECK(socket_cookie(copy) == socket_cookie(a.ends[0]));
    close(copy);
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    CHECK(socket_cookie(pipe_ends[0]) == 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    CHECK(socket_cookie(-1) == 0);
}

TEST_CASE("a cut needs the right cookie") {
    SocketPair pair;
    CHECK(cut_socket(pair.ends[0], socket_cookie(pair.ends[1]), "bye") == Cut::done);
    CHECK(pair.works());
    CHECK(cut_socket(pair.ends[0], socket_cookie(pair.ends[0]), "bye") == Cut::done);
    CHECK_FALSE(pair.works());
    char bytes[8];
    CHECK(read(pair.ends[1], bytes, sizeof bytes) == 3);
    CHECK(read(pair.ends[1], bytes, sizeof bytes) == 0);
    CHECK(cut_socket(-1, 1, "") == Cut::done);
}

TEST_CASE("words go only to the right cookie") {
    SocketPair pair;
    char byte = 0;
    send_to_socket(pair.ends[0], socket_cookie(pair.ends[1]), "x");
    CHECK(recv(pair.ends[1], &byte, 1, MSG_DONTWAIT) == -1);
    send_to_socket(pair.ends[0], socket_cookie(pair.ends[0]), "x");
    CHECK(recv(pair.ends[1], &byte, 1, MSG_DONTWAIT) == 1);
    cut_private_socket(pair.ends[0], socket_cookie(pair.ends[1]), "bye");
    CHECK(pair.works());
}

TEST_CASE("a private descriptor table: closing there closes nothing here, shutting down does") {
    struct Context {
        SocketPair kept, cut;
    } context;
    CHECK(in_private_descriptor_table(
        [](void* data) {
            auto& c = *static_cast<Context*>(data);
            close(c.kept.ends[0]);
            cut_private_socket(c.cut.ends[0], socket_cookie(c.cut.ends[0]), "");
        },
        &context));
    CHECK(context.kept.works());
    CHECK_FALSE(context.cut.works());
}

TEST_SUITE_END();
