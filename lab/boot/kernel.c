/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: reads the release of a kernel image from its boot header (Linux: x86/boot.rst, "HdrS"
 * and kernel_version) or from its banner (Linux on arm64, FreeBSD).
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "boot.h"
#include "host/host.h"

static void linux_release(FILE *f, const unsigned char *header, char *release, size_t size)
{
	long at = 0x200 + (header[0x20e] | header[0x20f] << 8);

	if (!fseek(f, at, SEEK_SET) && fgets(release, (int)size, f))
		release[strcspn(release, " \n")] = '\0';
}

/* Copy the word that follows wanted, in which nothing but the first letter begins it again. */
static void word_after(FILE *f, const char *wanted, char *release, size_t size)
{
	size_t got = 0, used = 0;
	int c;

	rewind(f);
	while (wanted[got] && (c = fgetc(f)) != EOF)
		got = c == wanted[got] ? got + 1 : c == wanted[0];
	while ((c = fgetc(f)) > ' ' && used + 1 < size)
		release[used++] = (char)c;
	release[used] = '\0';
}

static bool is_freebsd(const unsigned char *header)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)header;

	return !memcmp(elf->e_ident, ELFMAG, SELFMAG) && elf->e_ident[EI_CLASS] == ELFCLASS64 &&
	       elf->e_ident[EI_OSABI] == ELFOSABI_FREEBSD && elf->e_machine == EM_X86_64;
}

/* Linux: arch/arm64/booting.rst; the image is not compressed. */
static bool is_arm64(const unsigned char *header)
{
	return !memcmp(header + 0x38, "ARM\x64", 4);
}

int kernel_release(const char *path, char *release, size_t size, struct kernel_kind *kind)
{
	unsigned char header[0x210] __attribute__((aligned(8))) = "";
	FILE *f = fopen(path, "re");
	int code = 0;

	if (!f)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot open the kernel %s: %s", path,
				strerror(errno));
	release[0] = '\0';
	bool whole = fread(header, 1, sizeof(header), f) == sizeof(header);

	kind->freebsd = whole && is_freebsd(header);
	kind->arm64 = whole && is_arm64(header);
	if (kind->freebsd) /* what(1) knows the banner by its mark */
		word_after(f, "@(#)FreeBSD ", release, size);
	else if (kind->arm64)
		word_after(f, "Linux version ", release, size);
	else if (whole && !memcmp(header + 0x202, "HdrS", 4))
		linux_release(f, header, release, size);
	else
		code = lab_fail(LAB_EXIT_ENVIRONMENT,
				"%s is neither a Linux kernel image (bzImage) for x86, usually "
				"called vmlinuz-RELEASE, nor one for arm64 (Image), nor a FreeBSD "
				"kernel for amd64",
				path);
	fclose(f);
	return code;
}
