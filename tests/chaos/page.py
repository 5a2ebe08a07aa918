"""Reads the page of a doer, whose layout page.hh states."""

import mmap
import struct

DISRUPTIONS, IS_TO_STOP, MAY_LEAVE, OUTSIDE, PHASE, BEGUN, ENDED = range(7)
BEATS, RECORDS, WORDS = 7, 7 + 16, 7 + 16 + 493
WORKING, QUIET = 1, 2
UNUSED, BOUND, LOOSE, BUSY = range(4)


class Seen:
    """What a page contained at one moment."""
    def __init__(self, words):
        self.begun, self.ended = words[BEGUN], words[ENDED]
        self.phase = words[PHASE]
        self.beats = words[BEATS:RECORDS]
        self.records = [word for word in words[RECORDS:] if word & 3 != UNUSED]
        # {backend: (kind, newest tag that it can belong to)}
        self.backends = {word >> 2 & 0x3fffffff: (word & 3, word >> 32) for word in self.records if word & 3 != BUSY}

    def has_tag(self):
        """Returns whether no change of the doer's own was under way."""
        return self.begun == self.ended + 1


class Page:
    def __init__(self, path):
        path.write_bytes(bytes(8 * WORDS))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 8 * WORDS)

    def see(self):
        return Seen(struct.unpack_from(f"={WORDS}Q", self.memory))

    def __getitem__(self, word):
        return struct.unpack_from("=Q", self.memory, 8 * word)[0]

    def __setitem__(self, word, value):
        struct.pack_into("=Q", self.memory, 8 * word, value)
