# make help lists what there is to make.
#
# Objects and programs of a variant go to build/ (release) or build/$(BUILD)/. CXXFLAGS and LDFLAGS are yours:
# they are added to what the build needs.

BUILD ?= release
# Which suites `make test` runs: patterns, separated by commas.
TESTS ?= *
# How long `make chaos` lasts, and what it repeats; empty: something new.
SECONDS ?= 60
SEED ?=
# How many programs `make random-sessions` runs.
PROGRAMS ?= 1000
B := $(if $(filter release,$(BUILD)),build,build/$(BUILD))

# The libraries that arm64 programs are linked with, and that qemu gives them.
arm64_root := build/arm64/root
ifeq ($(origin CXX),default)
CXX := $(if $(filter arm64,$(BUILD)),aarch64-linux-gnu-g++ --sysroot=$(arm64_root),$(if $(filter clang,$(BUILD)),clang++,g++))
endif
CXXFLAGS ?= $(default_flags)
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
STRIP ?= $(if $(filter arm64,$(BUILD)),aarch64-linux-gnu-)strip

flags_release := -O2 -g
flags_clang := -O2 -g
flags_arm64 := -O2 -g
flags_debug := -Og -g
flags_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
flags_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
default_flags := $(if $(filter asan tsan,$(BUILD)),,$(flags_$(BUILD)))
$(if $(flags_$(BUILD)),,$(error BUILD=$(BUILD): there are release, clang, debug, arm64, asan and tsan))
sanitize := $(if $(filter asan tsan,$(BUILD)),$(flags_$(BUILD)))

# What LD_PRELOAD must load before a sanitized shim.
runtime_asan = libasan.so
runtime_tsan = libtsan.so
sanitizer_runtime = $(if $(sanitize),$(realpath $(shell $(CXX) -print-file-name=$(runtime_$(BUILD)))))

version := $(shell cat VERSION)
libpq_file = $(shell $(CXX) -print-file-name=libpq.so.5)
libpq_flags := $(or $(shell pkg-config --cflags libpq 2>/dev/null),-I$(shell pg_config --includedir 2>/dev/null))
# clang's -Wconversion includes signs, gcc's does not.
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(findstring clang,$(CXX)),-Wno-sign-conversion) $(if $(WERROR),-Werror)
compile = $(CXX) -std=c++20 $(warnings) -MMD -MP $(sanitize) -I.

# The shim must load into any process: no C++ runtime, nothing of the compiler's for the start, thread-local storage without allocation.
shim_flags := -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-threadsafe-statics -ftls-model=initial-exec
# Else gcc calls libgcc for atomics there.
shim_flags += $(if $(findstring aarch64,$(shell $(CXX) -dumpmachine)),-mno-outline-atomics)
shim_libraries := $(if $(sanitize),,-nostdlib -lc)
# It loads into every process of a test run: as few segments, and names to look up, as can be.
few_pages := -Wl,-z,norelro -Wl,-z,now -Wl,-z,noseparate-code
# A sanitizer's runtime lays out what is its own.
shim_pages := $(if $(sanitize),,-Wl,-T,shim/hooks/pages.ld)
shim_link := -Wl,--version-script=shim/hooks/exports.map -Wl,-z,defs $(few_pages) $(shim_pages) -Wl,-Bsymbolic-functions

# The objects of rooms: $(call room,shim/base) is all that is compiled from that folder, not from those below it.
objects = $(foreach source,$(wildcard $(1)),$(call object_of,$(source)))
room = $(or $(foreach folder,$(1),$(call objects,$(folder)/*.cc)),$(error no sources in $(1)))
# One object by its source's name; a file that was renamed stops the build here.
object = $(foreach name,$(1),$(or $(call objects,$(name).cc),$(error no $(name).cc)))
# A sanitizer's variant has these objects of the release: process tests, which wait for programs, and the tools, which have one thread, and
# whose unit tests run under valgrind.
tool_rooms := text journal verdict report live blockers top launch commands
of_release := $(if $(sanitize),tests/process/% tools/% $(tool_rooms:%=tests/unit/%/%))
object_of = $(if $(filter $(of_release),$(1)),build,$(B))/obj/$(1:.cc=.o)

shim_rooms := base real table session session/sql origin report lifecycle hooks
# The shim has a memcpy() of its own, and what is like it. A sanitizer watches libc's.
own_bytes := $(call object,shim/base/bytes)
shim_objects := $(filter-out $(if $(sanitize),$(own_bytes)),$(call room,$(shim_rooms:%=shim/%)))
# What the unit tests share with the shim, and of that what the tools do.
shared_objects := $(filter-out $(own_bytes) $(call room,shim/hooks),$(shim_objects))
base_objects := $(filter-out $(own_bytes),$(call room,shim/base))
tool_objects := $(call room,$(tool_rooms:%=tools/%))
unit_libraries := -lfmt -ldw -lelf -ldl
tool_libraries := $(unit_libraries) -lncursesw -ltinfo
# The command of a release is one file for every Linux: libc and all libraries are in it. Debian has fmt as a shared library only.
static := $(if $(filter release arm64,$(BUILD)),$(if $(findstring clang,$(CXX)),,-static-pie -Wl,--gc-sections))
static_only := $(if $(static),$(call room,tools/packaging))
# All that in a small file: -Os takes a sixth of it away, and a report of 20 MB of journals takes 0.1 s more.
$(tool_objects) $(static_only): CXXFLAGS := $(if $(static),$(CXXFLAGS:-O2=-Os),$(CXXFLAGS))
command_libraries := $(if $(static),-lncursesw -ltinfo $(or $(shell pkg-config --static --libs-only-l libdw 2>/dev/null),-ldw -lelf -lbz2 -llzma -lz),$(tool_libraries))
unit_objects := $(call room,$(patsubst %/,%,$(sort $(dir $(wildcard tests/unit/*/*.cc tests/unit/*/*/*.cc)))))
test_objects := $(call room,tests tests/support tests/process) $(unit_objects)
# All but what draws on the terminal, so that `make check` needs few libraries.
unit_tested := $(shared_objects) $(call room,$(patsubst %,tools/%,$(filter-out commands,$(tool_rooms))))

# What every process touches comes first, in as few pages as can be.
linked_first := $(call object,shim/hooks/process shim/real/elf_symbols shim/real/weak_references shim/base/environment shim/base/stderr shim/report/witness \
	shim/base/process_page shim/real/loader_gate shim/table/connections shim/real/libc_functions shim/hooks/libc_hooks)
# A sanitizer's runtime calls dlsym, getenv and sigaction before it is ready to watch what they do. These objects come first then: of an
# inline function that several objects have, the linker takes the first one's.
unsanitized := $(call object,shim/hooks/libc_hooks shim/hooks/loader_hooks) $(call room,shim/real)
first := $(if $(sanitize),$(unsanitized),$(linked_first))
in_order := $(first) $(filter-out $(first),$(shim_objects))

# What the suites of TESTS run, of files that are called as what is made from them.
ifneq ($(TESTS),*)
words_of_suites := $(shell tests/bin/words-of-suites '$(TESTS)')
endif
run_by_suites = $(if $(filter *,$(TESTS)),$(1),$(filter $(addprefix %/,$(words_of_suites)),$(1)))
programs := $(call run_by_suites,$(patsubst tests/programs/%.cc,$(B)/programs/%,$(wildcard tests/programs/*.cc)))
plugins := $(patsubst tests/programs/plugins/%.cc,$(B)/programs/%.so,$(wildcard tests/programs/plugins/*.cc))
# The same client as other projects build theirs: not beside a sanitized shim, and with clang only where its sanitizers are.
hosts := pie no-pie now lazy versioned gcc-asan gcc-tsan
clang_hosts := $(if $(wildcard $(shell clang++ -print-resource-dir 2>&1)/lib/linux/libclang_rt.msan-*.a),clang-asan clang-tsan clang-msan)
host_programs := $(if $(sanitize),,$(addprefix $(B)/hosts/,$(hosts) $(clang_hosts)))

fuzz_sources := tests/fuzz/board.cc tests/support/wild_board.cc tools/live/board.cc tools/text/utf8.cc
FUZZ_SECONDS ?= 60
chaos_objects := $(call objects,tests/chaos/*.cc)

compiled_clients := $(addprefix build/clients/left_,qt ocaml haskell diesel)
suites := $(call run_by_suites,$(patsubst tests/fixtures/recipes/%/main.cc,$(B)/recipes/%,$(wildcard tests/fixtures/recipes/*/main.cc)))
benches := $(patsubst bench/micro/%.cc,$(B)/bench/%,$(wildcard bench/micro/*.cc))

all: shim $(B)/pqsweep $(B)/pqsweep-asker $(B)/runners  ## libpqsweep.so and the pqsweep command

shim: $(B)/libpqsweep.so  ## libpqsweep.so alone, for which libpq-dev is enough

$(B)/libpqsweep.so: $(shim_objects) shim/hooks/exports.map shim/hooks/pages.ld
	$(CXX) -shared $(sanitize) -o $@ $(in_order) $(shim_link) $(shim_libraries) $(CXXFLAGS) $(LDFLAGS)

$(B)/pqsweep: $(tool_objects) $(base_objects) $(static_only)
	$(CXX) $(sanitize) $(static) -o $@ $^ $(command_libraries) $(CXXFLAGS) $(LDFLAGS)

# What LD_PRELOAD names is all that it is linked with.
asker_objects := $(call room,tools/asker) $(own_bytes)
$(B)/pqsweep-asker: $(asker_objects)
	$(CXX) -pie -nostdlib -o $@ $^ $(few_pages) -Wl,--entry=start -Wl,-z,dynamic-undefined-weak $(CXXFLAGS) $(LDFLAGS)

# Scripts: the command finds them beside itself.
$(B)/runners:
	@mkdir -p $(@D)
	ln -sfn $(abspath tools/runners) $@

$(unsanitized) $(asker_objects): sanitize :=
$(own_bytes): shim_flags += -fno-builtin
$(call room,tools/asker): defines = $(shim_flags)
$(call object,tools/packaging/fmt): defines = -fkeep-inline-functions -ffunction-sections

$(B)/obj/shim/%.o: shim/%.cc Makefile
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) $(shim_flags) $(CXXFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(compile) $(includes) $(defines) $(CXXFLAGS) -c -o $@ $<

# Tests need not be fast, but those that enumerate: to optimise them takes a compiler two to four times as long.
enumerating := $(call room,tests/unit/lifecycle)
$(call room,tests/process) $(filter-out $(enumerating),$(unit_objects)): CXXFLAGS += -O0

taken_from_release := $(if $(sanitize),$(filter build/obj/%,$(sort $(test_objects) $(tool_objects) $(asker_objects))))
$(taken_from_release): release_objects;
release_objects:
	@$(MAKE) --no-print-directory BUILD=release $(taken_from_release)

# The tools do without libpq.
$(B)/obj/tests/%.o: includes = $(libpq_flags)

# What single files are compiled with.
$(call object,tools/commands/main): VERSION
$(call object,tools/commands/main): defines = -DPQSWEEP_VERSION='"$(version)"'
$(call object,tests/support/program): defines = -DPQSWEEP_SANITIZER_RUNTIME='"$(sanitizer_runtime)"'

# To look at a vptr, UBSan takes descriptors.
$(chaos_objects): sanitize += $(if $(filter asan,$(BUILD)),-fno-sanitize=vptr)

$(B)/tests: $(test_objects) $(shared_objects) $(filter-out %/main.o,$(tool_objects))
	$(CXX) $(sanitize) -o $@ $^ -lpq $(tool_libraries) $(CXXFLAGS) $(LDFLAGS)

$(B)/unit-tests: $(call room,tests tests/support) $(unit_objects) $(unit_tested)
	$(CXX) $(sanitize) -o $@ $^ -lpq $(unit_libraries) $(CXXFLAGS) $(LDFLAGS)

$(B)/chaos/doer: $(chaos_objects)
	@mkdir -p $(@D)
	$(CXX) $(sanitize) -o $@ $^ -lpq -pthread $(CXXFLAGS) $(LDFLAGS)

# A line `// link: ...` in a small program says what it needs; the plugins are found beside it.
link_of = $(shell sed -n 's,^// link: ,,p' $(1))
$(B)/programs/%: tests/programs/%.cc Makefile $(plugins) $(wildcard tests/programs/*.hh)
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) $(CXXFLAGS) -o $@ $< -L$(@D) -Wl,-rpath,'$$ORIGIN' $(call link_of,$<) $(LDFLAGS)

# Functions that no library of a program with a libpq calls; beside a sanitizer's runtime, none.
$(B)/libc_functions.inc: tests/bin/libc-functions tests/programs/own_functions.cc $(B)/programs/mocked_over $(B)/libpqsweep.so
	$(if $(sanitize),true,$< $(B)/programs/mocked_over $(B)/libpqsweep.so tests/programs/own_functions.cc) >$@
$(B)/programs/own_functions: $(B)/libc_functions.inc
$(B)/programs/own_functions: CXXFLAGS += -DLIBC_FUNCTIONS='"$(B)/libc_functions.inc"'

$(B)/programs/%.so: tests/programs/plugins/%.cc Makefile $(B)/programs/libqq.so.5
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) -fPIC -shared $(CXXFLAGS) -o $@ $< -L$(@D) -Wl,-rpath,'$$ORIGIN' $(call link_of,$<) $(LDFLAGS)

$(B)/recipes/%: tests/fixtures/recipes/%/main.cc $(wildcard tests/fixtures/recipes/*.hh tests/fixtures/recipes/*/*.cc) Makefile
	@mkdir -p $(@D)
	$(CXX) -std=c++20 $(warnings) $(libpq_flags) -I. $(CXXFLAGS) -o $@ $(wildcard $(<D)/*.cc) $(call link_of,$<) -lpq $(LDFLAGS)

# A second libpq: a copy under another soname of the same length, and with a text that tells it apart.
$(B)/programs/libqq.so.5:
	@mkdir -p $(@D)
	sed 's/libpq\.so\.5/libqq.so.5/g; s/invalid connection/INVALID connection/g' $(libpq_file) >$@

# Debian's interpreter without the function that dumps a stack, which some versions of Python do not have, and without
# the layout that some of these publish instead.
$(B)/programs/python-undumped:
	@mkdir -p $(@D)
	sed 's/_Py_DumpTraceback\x00/_Py_DumpNothingIn\x00/g; s/xdebugpy/xunknown/g' /usr/bin/python3 >$@
	chmod +x $@

host_pie := g++ -fPIE -pie
host_no-pie := g++ -fno-PIE -no-pie
host_now := g++ -Wl,-z,now
host_lazy := g++ -Wl,-z,lazy
host_versioned = g++ -L$(B)/hosts/versioned-libpq -Wl,-rpath,'$$ORIGIN/versioned-libpq'
host_gcc-asan := g++ -fsanitize=address,undefined
host_gcc-tsan := g++ -fsanitize=thread
host_clang-asan := clang++ -fsanitize=address,undefined
host_clang-tsan := clang++ -fsanitize=thread
host_clang-msan := clang++ -fsanitize=memory -fsanitize-recover=memory
$(B)/hosts/versioned: $(B)/hosts/versioned-libpq/libpq.so
$(B)/hosts/%: tests/programs/host_client.cc Makefile
	@mkdir -p $(@D)
	$(host_$*) -std=c++20 -O1 -g $(libpq_flags) -o $@ $< -lpq -pthread

$(B)/hosts/versioned-libpq/libpq.so: $(B)/programs/give_version
	@mkdir -p $(@D)
	$< $(libpq_file) $@.5
	ln -sf libpq.so.5 $@

build/clients/left_qt: tests/fixtures/clients/left_qt/main.cpp tests/fixtures/clients/left_qt/left_qt.pro
	@mkdir -p $@.build
	cd $@.build && qmake $(abspath $(<D)) && $(MAKE)
	cp $@.build/left_qt $@

build/clients/left_ocaml: tests/fixtures/clients/left_ocaml.ml
	@mkdir -p $@.build
	cp $< $@.build
	cd $@.build && ocamlfind ocamlopt -thread -package threads.posix,postgresql -linkpkg left_ocaml.ml -o $(abspath $@)

build/clients/left_haskell: tests/fixtures/clients/left_haskell.hs
	ghc -package postgresql-simple -outputdir $@.build -o $@ $<

build/clients/left_diesel: $(wildcard tests/fixtures/clients/left_diesel/*.toml tests/fixtures/clients/left_diesel/src/*)
	@mkdir -p $@.build
	cp -r tests/fixtures/clients/left_diesel/. $@.build
	cd $@.build && cargo generate-lockfile --quiet && version=$$(cargo pkgid diesel) && DIESEL_VERSION=$${version##*@} cargo build --quiet
	cp $@.build/target/debug/left_diesel $@

$(B)/bench/%: bench/micro/%.cc Makefile
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) $(CXXFLAGS) -o $@ $< -lpq -lbenchmark -ldl $(LDFLAGS)

$(B)/bench/fake/%.so: bench/micro/fake/%.cc Makefile
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) -fPIC -shared $(CXXFLAGS) -o $@ $< -Wl,-soname,$(@F).5 $(LDFLAGS)

$(B)/bench/leaky_suite: bench/suites/doctest/leaky_suite.cc Makefile
	@mkdir -p $(@D)
	$(compile) $(libpq_flags) $(CXXFLAGS) -o $@ $< -lpq $(LDFLAGS)

# How recipes run make for what they need: on all processors, unless the user said how many.
at_once = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

packages:  ## install the Debian packages that demo, test and bench need
	@tests/bin/install-packages tests/packages/check.txt tests/packages/test.txt

# Recipes run make again where packages may have to be installed first: what the build asks of pg_config and
# finds in /usr/include is known only then.
run_demo = tests/bin/with-server -c max_connections=100 -c superuser_reserved_connections=0 -- bench/demo $(B)
demo: packages  ## a leaky suite without and with pqsweep, on a throwaway server
	@$(MAKE) $(at_once) all $(B)/bench/leaky_suite
	@$(run_demo)

install_wheels := tests/fixtures/clients/install-wheels build/clients/wheels tests/fixtures/clients
# A program that does not compile fails its own tests only.
test: packages  ## all tests, on a throwaway server
	@$(MAKE) $(at_once) all $(B)/tests
	-@$(MAKE) $(at_once) --keep-going build-tests
	@tests/fixtures/clients/install-node build/clients
	@$(install_wheels)/wheels.txt
	@tests/bin/unpack-packages build/newer tests/packages/newer.txt
	@tests/bin/with-server -- $(B)/tests --test-suite='$(TESTS)' --test-suite-exclude='heavy clients'

# What can't be had is skipped by its test, which says why.
clients: packages  ## the drivers of all languages, and their matrix in build/clients.md
	-@tests/bin/install-packages tests/packages/clients.txt
	@$(MAKE) $(at_once) build-tests
	-@$(MAKE) $(at_once) --keep-going $(compiled_clients)
	@tests/fixtures/clients/install-node build/clients
	@$(install_wheels)/wheels.txt
	@$(install_wheels)/more-wheels.txt
	@tests/bin/with-server -- $(B)/tests --test-suite='*clients'

# $(call into,FILE,NAME) puts $(B)/NAME.md into FILE, between the marks of that name.
into = sed -i -e '/<!-- $2: begin/,/<!-- $2: end/{//!d}' -e '/<!-- $2: begin/r $(B)/$2.md' $1
as_block = sed -i -e '1i\```' -e '$$a\```'

clients-table: clients  ## the same, and the matrix into its README.md
	@$(call into,tests/fixtures/clients/README.md,clients)

demo-table: packages  ## the demo, its pictures (with chromium), and two of its rows into README.md
	@$(MAKE) $(at_once) all $(B)/bench/leaky_suite
	@$(run_demo) > $(B)/demo.md
	@sed -i '/^Between modules/,$$d' $(B)/demo.md && bench/cast $(B)/demo.md > bench/demo.svg
	@sed -i '5,$$d' $(B)/demo.md && $(as_block) $(B)/demo.md && $(call into,README.md,demo)
	@tests/bin/with-server -- bench/page $(B) bench/page.png

bench-table: packages  ## the benchmarks, their tables into bench/README.md and five figures into README.md
	@$(MAKE) $(at_once) $(bench_built)
	@$(run_bench) > $(B)/bench.md
	@bench/figures $(B)/bench.md > $(B)/figures.md && $(call into,README.md,figures)
	@$(as_block) $(B)/bench.md && $(call into,bench/README.md,bench)

check: $(B)/unit-tests  ## the unit tests, which need no server and only tests/packages/check.txt
	@$(B)/unit-tests

fuzz:  ## what the tools make of wild boards, for FUZZ_SECONDS (60)
	@tests/bin/install-packages tests/packages/check.txt tests/packages/test.txt tests/packages/fuzz.txt
	@mkdir -p $(B)/fuzz/corpus
	clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -I. -o $(B)/fuzz/board $(fuzz_sources)
	$(B)/fuzz/board -max_total_time=$(FUZZ_SECONDS) -max_len=4096 $(B)/fuzz/corpus

under_valgrind := valgrind --quiet --fair-sched=yes --error-exitcode=9
# A fork copies all that other tests have read of symbols, which takes valgrind a second.
forking := unit: proc
check-valgrind: packages  ## the unit tests under valgrind
	@$(MAKE) $(at_once) $(B)/unit-tests
	@$(under_valgrind) $(B)/unit-tests --test-suite='$(forking)'
	@$(under_valgrind) $(B)/unit-tests --test-suite-exclude='$(forking)'

build-tests: all $(B)/tests $(B)/chaos/doer $(programs) $(suites) $(plugins) $(host_programs) $(B)/programs/python-undumped $(wildcard tests/programs/*.hh)

chaos: packages  ## random threads and programs on a server that is killed, for SECONDS=60 (SEED=...)
	@$(MAKE) $(at_once) all $(B)/chaos/doer
	@tests/bin/with-server -c max_connections=400 -- tests/chaos/run $(B) --seconds $(SECONDS) $(SEED:%=--seed %) --preload '$(sanitizer_runtime)'

random-sessions: packages  ## random programs in sessions that are swept and revived, PROGRAMS=1000 of them (SEED=...)
	@$(MAKE) $(at_once) all $(B)/programs/random_sessions
	@tests/bin/with-server -- env LD_PRELOAD='$(sanitizer_runtime) $(B)/libpqsweep.so' $(B)/programs/random_sessions \
		$(PROGRAMS) $(or $(SEED),1)

bench_built = all $(benches) $(B)/bench/fake/libpq.so $(B)/bench/fake/empty.so
run_bench = tests/bin/with-server -c max_connections=600 -- bench/run $(B)
bench: packages  ## the benchmarks
	@$(MAKE) $(at_once) $(bench_built)
	@$(run_bench)

# Not in CI: it takes minutes, and Debian's sources.
compat:  ## the test suites of libpq's drivers, with the shim and without
	@tests/bin/install-packages tests/packages/check.txt tests/packages/test.txt tests/packages/compat.txt
	@$(MAKE) $(at_once) all
	@tests/bin/compat $(B)

# Not in CI: it takes hours.
platforms:  ## README's two commands in bare chroots of Debian 12, 13 and sid, and their matrix (RELEASES=...)
	@tests/bin/install-packages tests/packages/chroot.txt
	@tests/bin/platforms $(RELEASES)

installs: dist  ## a leaky suite with the packages of dist, in bare chroots of Debian 11, 12 and 13 (RELEASES=...)
	@tests/bin/with-server -- tests/bin/installs $(RELEASES)

arm64_programs := $(addprefix build/arm64/programs/,client descriptor_limit held_reply mute_server old_cancel revival_fork revival_lost revival_race slow_replies)
arm64_tests := process: owner,process: tags,process: revival
# qemu makes no child that ends without a signal.
not_under_qemu := a private descriptor table*
arm64: packages  ## all for arm64, its unit tests and some process tests under qemu
	@tests/bin/install-packages tests/packages/arm64.txt tests/packages/chroot.txt
	@tests/bin/arm64-root $(arm64_root)
	@$(MAKE) $(at_once) build/tests
	@$(MAKE) $(at_once) BUILD=arm64 all build/arm64/unit-tests $(arm64_programs)
	@qemu-aarch64 build/arm64/pqsweep --version
	@qemu-aarch64 -L $(arm64_root) build/arm64/unit-tests --test-case-exclude='$(not_under_qemu)'
	@ln -f build/tests build/arm64/tests
	@TESTS_EMULATOR='qemu-aarch64 -L $(arm64_root)' tests/bin/with-server -- build/arm64/tests --test-suite='$(arm64_tests)'

lint: rooms  ## the rooms' laws, clang-format and clang-tidy, warnings as errors
	@tests/bin/install-packages tests/packages/check.txt tests/packages/test.txt tests/packages/lint.txt
	@tests/bin/lint -std=c++20 $(warnings) $(libpq_flags) -I. -DPQSWEEP_VERSION='""' -DPQSWEEP_SANITIZER_RUNTIME='""'

rooms:  ## the laws of the rooms, which their README.md files state
	@tests/bin/rooms

# What make would run for each source, as clangd and clang-tidy read it.
compile_commands.json: Makefile  ## for editors and other tools
	@$(MAKE) --no-print-directory --dry-run --always-make all $(B)/tests $(B)/chaos/doer $(programs) $(benches) | \
	    sed -n '/^$(CXX) .*\.cc/ {s/[\"]/\\&/g; s,.* \([^ ]*\.cc\)\( .*\)\?$$,{"directory": "$(CURDIR)"\, "file": "\1"\, "command": "&"}\,,p}' | \
	    sed '1s/^/[/; $$s/,$$/]/' > $@

install_stripped := --strip --strip-program=$(STRIP)
# zsh on Debian looks for what packages install in a folder of its own.
completer = $(firstword $(wildcard build/pqsweep) $(B)/pqsweep) # this processor runs it
completion_bash := bash-completion/completions/pqsweep
completion_zsh := zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_pqsweep
completion_fish := fish/vendor_completions.d/pqsweep.fish
adapters := $(foreach suffix,ini php pm py rb,$(wildcard tools/runners/*/*.$(suffix)))
# The command finds its library in lib/pqsweep beside its folder; a link there leads to another LIBDIR.
linked_lib := $(DESTDIR)$(PREFIX)/lib/pqsweep
install: all  ## to PREFIX (/usr/local) and LIBDIR (PREFIX/lib), below DESTDIR
	install -D -m 755 $(install_stripped) $(B)/pqsweep $(DESTDIR)$(PREFIX)/bin/pqsweep
	install -D -m 644 $(install_stripped) $(B)/libpqsweep.so $(DESTDIR)$(LIBDIR)/pqsweep/libpqsweep.so
	install -D -m 755 $(install_stripped) $(B)/pqsweep-asker $(DESTDIR)$(LIBDIR)/pqsweep/pqsweep-asker
	[ $(LIBDIR) = $(PREFIX)/lib ] || { mkdir -p $(dir $(linked_lib)) && ln -sfnr $(DESTDIR)$(LIBDIR)/pqsweep $(linked_lib); }
	for script in $(adapters); do install -D -m 644 $$script $(DESTDIR)$(PREFIX)/share/pqsweep/$${script#tools/}; done
	install -D -m 644 tools/pqsweep.1 $(DESTDIR)$(PREFIX)/share/man/man1/pqsweep.1
	sed -i '1s/"pqsweep"/"pqsweep $(version)"/' $(DESTDIR)$(PREFIX)/share/man/man1/pqsweep.1
	for shell in bash zsh fish; do $(completer) completion $$shell >$(B)/completion.$$shell || exit; done
	install -D -m 644 $(B)/completion.bash $(DESTDIR)$(PREFIX)/share/$(completion_bash)
	install -D -m 644 $(B)/completion.zsh $(DESTDIR)$(PREFIX)/share/$(completion_zsh)
	install -D -m 644 $(B)/completion.fish $(DESTDIR)$(PREFIX)/share/$(completion_fish)

uninstall:  ## remove what install has put there
	rm -f $(DESTDIR)$(PREFIX)/bin/pqsweep $(DESTDIR)$(PREFIX)/share/man/man1/pqsweep.1
	rm -rf $(DESTDIR)$(LIBDIR)/pqsweep $(linked_lib) $(DESTDIR)$(PREFIX)/share/pqsweep
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/,$(completion_bash) $(completion_zsh) $(completion_fish))

# The source as it is committed, and a wheel and a Debian package for each processor.
dist:  ## a source tarball, and wheels and Debian packages for x86-64 and arm64, in build/dist/
	@tests/bin/install-packages tests/packages/check.txt tests/packages/dist.txt tests/packages/arm64.txt tests/packages/chroot.txt
	@tests/bin/arm64-root $(arm64_root)
	@rm -rf build/dist && mkdir -p build/dist
	git archive --prefix=pqsweep-$(version)/ --output=build/dist/pqsweep-$(version).tar.gz HEAD
	@for build in release arm64; do $(MAKE) --no-print-directory BUILD=$$build pack || exit; done
	lintian --fail-on error build/dist/*.deb

# Of one build.
stage := $(B)/stage
pack: all
	@mkdir -p build/dist
	@rm -rf $(stage)
	$(MAKE) --no-print-directory PREFIX=/usr DESTDIR=$(abspath $(stage)) install
	tools/packaging/wheel $(stage) build/dist
	tools/packaging/deb $(stage) build/dist
	rm -rf $(stage)

clean:  ## remove build/
	rm -rf build

help:  ## this list
	@sed -n 's/^\([a-z_.-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 24
	@echo 'Variables: BUILD=release|clang|debug|arm64|asan|tsan, TESTS, SECONDS, SEED, PROGRAMS, CXX, CXXFLAGS, LDFLAGS, PREFIX, DESTDIR'

.PHONY: all shim release_objects packages rooms demo test chaos random-sessions compat platforms installs arm64 clients clients-table demo-table bench-table check fuzz check-valgrind build-tests bench lint install uninstall dist pack clean help
.DELETE_ON_ERROR:

-include $(shim_objects:.o=.d) $(tool_objects:.o=.d) $(asker_objects:.o=.d) $(test_objects:.o=.d) $(chaos_objects:.o=.d) $(addsuffix .d,$(programs) $(benches))
