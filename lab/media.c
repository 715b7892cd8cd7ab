/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: the files that a guest boots from, of either system.
 */
#include <unistd.h>

#include "lab.h"

static int write_linux(struct media *media, const struct media_source *from)
{
	media->image[0] = '\0';
	return cpio_write(media->files, from->files, from->file_count);
}

static int write_freebsd(struct media *media, const struct machine *m,
			 const struct media_source *from)
{
	struct freebsd_guest guest = {.kernel = m->kernel,
				      .root = media->files,
				      .words = {from->module_args, m->append},
				      .exchange = (uint64_t)m->memory_mb << 20,
				      .exchange_size = m->exchange_size};
	int code = root_write(media->files, from->files, from->file_count);

	return code ? code : image_write(media->image, &guest);
}

int media_write(struct media *media, struct machine *m, const char *directory,
		const struct media_source *from)
{
	snprintf(media->files, sizeof(media->files), "%s/files", directory);
	snprintf(media->image, sizeof(media->image), "%s/image", directory);
	m->image = from->freebsd ? media->image : m->kernel;
	m->initramfs = from->freebsd ? NULL : media->files;
	return from->freebsd ? write_freebsd(media, m, from) : write_linux(media, from);
}

void media_remove(const struct media *media)
{
	unlink(media->files);
	if (media->image[0])
		unlink(media->image);
}
