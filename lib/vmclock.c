/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the VMClock page, as Linux's vmclock-abi.h lays it out. */
#include "os.h"
#include "vmclock.h"

_Static_assert(offsetof(struct vmclock_page, seq_count) == 12, "vmclock-abi.h: seq_count");
_Static_assert(offsetof(struct vmclock_page, flags) == 24, "vmclock-abi.h: flags");
_Static_assert(offsetof(struct vmclock_page, generation) == 104,
	       "vmclock-abi.h: vm_generation_counter");

int vmclock_validate(const struct vmclock_page *page, uint32_t page_size)
{
	if (le32toh(page->magic) != VMCLOCK_MAGIC)
		return -EINVAL;
	if (le16toh(page->version) != VMCLOCK_VERSION)
		return -EPROTO;
	/* The region may be larger than the page that is mapped, but must hold the counter. */
	if (le32toh(page->size) < sizeof(*page) || page_size < sizeof(*page))
		return -EINVAL;
	return 0;
}

static int read_once(const struct view *v, struct vmclock_page *page)
{
	const size_t seq = offsetof(struct vmclock_page, seq_count);
	uint32_t before, after;

	if (view_word(v, seq, &before) || view_copy(v, 0, page, sizeof(*page)) ||
	    view_word(v, seq, &after))
		return -EIO;
	return le32toh(before) % 2 == 0 && before == after ? 0 : -EAGAIN;
}

int vmclock_read(const struct view *v, uint32_t page_size, struct vmclock *clock)
{
	struct vmclock_page page;
	int err = -EAGAIN;

	for (int tries = 0; tries < view_tries(v) && err == -EAGAIN; tries++)
		err = read_once(v, &page);
	/* The head is constant, so it can be validated even if the page is never consistent. */
	if (!err || err == -EAGAIN) {
		int wrong = vmclock_validate(&page, page_size);

		err = wrong ? wrong : err;
	}
	if (err)
		return err;
	clock->generation = le64toh(page.generation);
	clock->disruption_marker = le64toh(page.disruption_marker);
	clock->flags = le64toh(page.flags);
	return 0;
}
