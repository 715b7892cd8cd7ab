// SPDX-License-Identifier: BSD-2-Clause
// bindings/cpp: libvmgenc for C++17. Header only; link with -lvmgenc. libvmgenc(3) has the contract
// of each call. The namespace is vmgen, because the C library's structure is called vmgenc.
#ifndef VMGENC_HPP
#define VMGENC_HPP

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <memory>
#include <optional>
#include <system_error>

#include <vmgenc.h>

namespace vmgen {

// The generation that a caller last saw. A new mark has seen none, so its first check says changed.
// Use one for each thread, or one for each generator under that generator's lock.
class mark {
    public:
	mark() noexcept = default;

    private:
	friend class source;
	struct vmgenc_mark seen = {};
};

// An open source. It can be moved, not copied; a source that was moved from may only be destroyed or
// assigned to. Any thread may use it until it is destroyed, and so may a child of fork(2), with its
// own copies of the marks.
class source {
    public:
#ifdef __cpp_exceptions
	// Opens as vmgenc_open() does: name may be nullptr, for the best source there is. Throws
	// std::system_error; std::errc::no_such_device says that this machine cannot tell that it was
	// cloned. There is no source that never changes: the caller decides what to do without one.
	explicit source(const char *name = nullptr)
	{
		std::error_code error = open_as(name);

		if (error)
			throw std::system_error(error, name ? name : "vmgenc");
	}
#endif

	// The same without exceptions: an empty result, and the reason in error.
	[[nodiscard]] static std::optional<source> open(std::error_code &error,
							const char *name = nullptr) noexcept
	{
		source s{nothing()};

		error = s.open_as(name);
		return error ? std::nullopt : std::optional<source>(std::move(s));
	}

	// Whether the generation differs from the mark. Never fails, never throws, and makes no
	// system call where the source is mapped.
	//
	// The first fence keeps the compiler from moving a draw behind the check that follows it.
	// The second orders the loads before all that the caller reads next, as an acquire does; on
	// amd64 neither is an instruction. The C library's loads are volatile, which orders them
	// among each other alone.
	[[nodiscard]] bool changed(const mark &m) const noexcept
	{
		std::atomic_signal_fence(std::memory_order_seq_cst);
		bool differs = vmgenc_changed(vg.get(), &m.seen);
		std::atomic_thread_fence(std::memory_order_acquire);
		return differs;
	}

	// Waits until the kernel is rekeyed for the current generation, and sets the mark to it. On
	// an error the mark is untouched, so changed() stays true. A negative timeout waits for ever.
	[[nodiscard]] std::error_code sync(mark &m, std::chrono::milliseconds timeout) const noexcept
	{
		auto ms = std::clamp<long long>(timeout.count(), -1, INT_MAX);

		return to_error(vmgenc_sync(vg.get(), &m.seen, static_cast<int>(ms)));
	}

	// Draws what no clone has. After a change it syncs and calls renew, which discards pools, keys
	// and seeds made earlier; then it calls make, which draws and computes all that follows from
	// the draw; and if the generation has changed meanwhile, it does all of this again. Both
	// return a std::error_code. If one fails, so does this: use nothing of what was made. The mark
	// is set only when renew has succeeded, also if one of them throws.
	template <typename Renew, typename Make>
	[[nodiscard]] std::error_code draw(mark &m, std::chrono::milliseconds timeout, Renew &&renew,
					   Make &&make) const
	{
		do {
			if (changed(m)) {
				mark fresh = m;
				std::error_code error = sync(fresh, timeout);

				if (!error)
					error = renew();
				if (error)
					return error;
				m = fresh;
			}
			if (std::error_code error = make())
				return error;
		} while (changed(m));
		return {};
	}

	// A descriptor that polls readable after each change. It belongs to the source. Empty if the
	// source has none (file:, sysctl:, some VMClocks); check periodically then.
	[[nodiscard]] std::optional<int> fd() const noexcept
	{
		int fd = vmgenc_fd(vg.get());

		return fd < 0 ? std::nullopt : std::optional<int>(fd);
	}

	[[nodiscard]] std::error_code status(struct vmgenc_status &st) const noexcept
	{
		st = {};
		st.size = sizeof(st);
		return to_error(vmgenc_status(vg.get(), &st));
	}

    private:
	struct nothing {};
	struct closer {
		void operator()(struct ::vmgenc *open) const noexcept { vmgenc_close(open); }
	};

	explicit source(nothing) noexcept {}

	static std::error_code to_error(int negative) noexcept
	{
		return {-negative, std::generic_category()};
	}

	std::error_code open_as(const char *name) noexcept
	{
		struct ::vmgenc *open = nullptr;
		int error = vmgenc_open(&open, name);

		vg.reset(open);
		return to_error(error);
	}

	std::unique_ptr<struct ::vmgenc, closer> vg;
};

} // namespace vmgen

#endif // VMGENC_HPP
