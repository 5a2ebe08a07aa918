// PerConnection<T>: keeps something of each connection beside the table, for the shim alone.
//
// The heap holds it, and static memory points there. Leak checkers look in both for what libpq and we allocated, and not in a
// mapping [asan_program]. PerConnection grows by chunks, which stay until the process ends.
// All-zero bytes are an empty one; all-zero bytes must be a T.
#pragma once

#include "shim/table/table.hh"

#include <atomic>
#include <cstdlib>

namespace pqsweep {

template<class T>
class PerConnection {
public:
    // Makes the place of a connection that begins. Returns false if there is no memory. Context: owner thread, where libpq
    // allocates, too.
    bool reach(const Table& table, const Connection& c) {
        std::atomic<T*>& chunk = chunk_of(table, c);
        if (chunk.load(std::memory_order_acquire))
            return true;
        auto* fresh = static_cast<T*>(calloc(in_chunk, sizeof(T)));
        T* none = nullptr;
        if (fresh && !chunk.compare_exchange_strong(none, fresh, std::memory_order_acq_rel))
            free(fresh);
        return fresh;
    }

    // The place of a connection that has begun. Context: any thread, signal handler.
    T& of(const Table& table, const Connection& c) {
        return chunk_of(table, c).load(std::memory_order_acquire)[table.connections.slot_of(c) % in_chunk];
    }

    // Calls visit(T&) for each place that there is memory for. Context: any thread, signal handler.
    template<class Visit>
    void each(Visit visit) {
        for (std::atomic<T*>& chunk : chunks_)
            if (T* first = chunk.load(std::memory_order_acquire))
                for (uint32_t i = 0; i < in_chunk; i++)
                    visit(first[i]);
    }

private:
    static constexpr uint32_t in_chunk = 128;

    std::atomic<T*>& chunk_of(const Table& table, const Connection& c) {
        return chunks_[table.connections.slot_of(c) / in_chunk];
    }

    std::atomic<T*> chunks_[Connections::most / in_chunk + 1];
};

} // namespace pqsweep
