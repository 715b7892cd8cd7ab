// SPDX-License-Identifier: BSD-2-Clause
// bindings/cpp: tests vmgenc.hpp on simulated machines (VMGENC: the program, SCRATCH: a directory).
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "vmgenc.hpp"

using namespace std::chrono_literals;

static int passed, failed;
static std::string scratch;

static void check(bool good, const char *what, int line)
{
	good ? passed++ : failed++;
	if (!good)
		std::fprintf(stderr, "test.cpp:%d: not so: %s\n", line, what);
}
#define CHECK(what) check((what), #what, __LINE__)

static void sim(const std::string &file, const std::string &how)
{
	std::string line = std::string(std::getenv("VMGENC")) + " sim " + scratch + file + " " + how;

	if (std::system(line.c_str())) {
		std::fprintf(stderr, "%s: failed\n", line.c_str());
		std::exit(1);
	}
}

static std::string made(const char *file, const std::string &options = "")
{
	sim(file, "create" + options);
	return (options.empty() ? "file:" : "vmclock:") + scratch + file;
}

static auto nothing = [] { return std::error_code(); };

static void a_clone_is_seen()
{
	vmgen::source vm(made("/seen").c_str());
	vmgen::mark m;

	CHECK(vm.changed(m));
	CHECK(!vm.sync(m, 0ms));
	CHECK(!vm.changed(m));
	sim("/seen", "bump");
	CHECK(vm.changed(m));
	CHECK(!vm.sync(m, 0ms));
	CHECK(!vm.changed(m));
}

static void an_unsettled_clone_draws_nothing()
{
	vmgen::source vm(made("/unsettled").c_str());
	vmgen::mark m;
	int draws = 0;
	auto count = [&] { return draws++, std::error_code(); };

	CHECK(!vm.draw(m, 0ms, nothing, count) && draws == 1);
	for (const char *how : {"bump --raw", "bump --unsettled"}) {
		sim("/unsettled", how);
		CHECK(vm.changed(m));
		CHECK(vm.sync(m, 1ms) == std::errc::timed_out);
		CHECK(vm.draw(m, 0ms, nothing, count) == std::errc::timed_out);
		CHECK(draws == 1);
		CHECK(vm.changed(m));
	}
	sim("/unsettled", "bump");
	CHECK(!vm.draw(m, -1ms, nothing, count) && draws == 2);
}

static void a_clone_in_a_draw_draws_again()
{
	vmgen::source vm(made("/again").c_str());
	vmgen::mark m;
	int draws = 0, renewed = 0;
	auto error = vm.draw(
		m, 1000ms, [&] { return renewed++, std::error_code(); },
		[&] {
			if (++draws == 1)
				sim("/again", "bump");
			return std::error_code();
		});

	CHECK(!error);
	CHECK(draws == 2);
	CHECK(renewed == 2);
	CHECK(!vm.draw(m, 0ms, nothing, nothing) && renewed == 2);
}

static void a_failed_renewal_leaves_the_mark()
{
	vmgen::source vm(made("/renewal").c_str());
	vmgen::mark m;
	int draws = 0;
	auto count = [&] { return draws++, std::error_code(); };
	auto broken = [] { return std::make_error_code(std::errc::io_error); };

	CHECK(vm.draw(m, 0ms, broken, count) == std::errc::io_error);
	CHECK(vm.changed(m) && draws == 0);
	try {
		(void)vm.draw(m, 0ms, []() -> std::error_code { throw 1; }, count);
		CHECK(!"thrown on");
	} catch (int) {
		CHECK(vm.changed(m) && draws == 0);
	}
	CHECK(vm.draw(m, 0ms, nothing, broken) == std::errc::io_error);
}

static void without_a_device_there_is_no_source()
{
	std::error_code error;

	CHECK(!vmgen::source::open(error, ("dev:" + scratch + "/none").c_str()));
	CHECK(error == std::errc::no_such_device);
	CHECK(!vmgen::source::open(error, "none") && error == std::errc::invalid_argument);
	try {
		vmgen::source vm(("dev:" + scratch + "/none").c_str());
		CHECK(!"opened");
	} catch (const std::system_error &e) {
		CHECK(e.code() == std::errc::no_such_device);
	}
	CHECK(vmgen::source::open(error, made("/there").c_str()) && !error);
}

// The counter may be 0. What the kernel says to a rekey depends on who runs this.
static void a_vmclock_counts()
{
	vmgen::source vm(made("/clock", " --vmclock --start 0").c_str());
	vmgen::mark m;

	CHECK(vm.changed(m));
	std::error_code error = vm.sync(m, 1000ms);
	CHECK(!error || error == std::errc::operation_not_permitted);
	CHECK(vm.changed(m) == bool(error));
	sim("/clock", "bump --vmclock");
	CHECK(vm.changed(m));
}

static void a_child_has_marks_of_its_own()
{
	vmgen::source vm(made("/fork").c_str());
	vmgen::mark m;
	int status = -1;

	CHECK(!vm.sync(m, 0ms));
	pid_t child = fork();
	if (!child) {
		sim("/fork", "bump");
		_exit(!(vm.changed(m) && !vm.sync(m, 0ms) && !vm.changed(m)));
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(vm.changed(m));
}

static void a_file_that_shrank_counts_as_changed()
{
	std::string name = made("/shrank");
	vmgen::source vm(name.c_str());
	vmgen::mark m;
	struct vmgenc_status st;

	CHECK(!vm.sync(m, 0ms) && !vm.status(st) && st.generation == 1 && !vm.fd());
	CHECK(!truncate(name.c_str() + 5, 0));
	CHECK(vm.changed(m));
	CHECK(vm.sync(m, 0ms) == std::errc::io_error);
	CHECK(vm.status(st) == std::errc::io_error);
}

static void a_source_is_moved_not_copied()
{
	static_assert(!std::is_copy_constructible_v<vmgen::source>, "two would unmap it");
	static_assert(std::is_nothrow_move_constructible_v<vmgen::source>, "");
	static_assert(noexcept(std::declval<vmgen::source>().changed(vmgen::mark())), "");
	vmgen::source first(made("/moved").c_str()), second = std::move(first);
	vmgen::mark m;

	CHECK(!second.sync(m, 0ms) && !second.changed(m));
}

int main(int, char **argv)
{
	scratch = argv[1];
	a_clone_is_seen();
	an_unsettled_clone_draws_nothing();
	a_clone_in_a_draw_draws_again();
	a_failed_renewal_leaves_the_mark();
	without_a_device_there_is_no_source();
	a_vmclock_counts();
	a_child_has_marks_of_its_own();
	a_file_that_shrank_counts_as_changed();
	a_source_is_moved_not_copied();
	std::printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
