/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: the interfaces between the files of vmgenc doctor. Paths are below doctor_root. */
#ifndef VMGENC_DOCTOR_H
#define VMGENC_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* doctor.c: print a line; bad() also counts a problem */
void good(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bad(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern const char *doctor_root; /* "": this system */

/* machine.c: what kind of machine this is, and why it has no source */
bool doctor_there(const char *path);
bool doctor_any_there(const char *pattern); /* a file that fits glob(3) */
bool doctor_file_has(const char *path, const char *text);
bool doctor_any_has(const char *pattern, const char *text); /* one of the files that fit glob(3) */
void doctor_why_no_source(void);
/* Whether the hypervisor offers the device. */
bool doctor_device_offered(void);
/* Says so where the driver that is loaded is of another version. */
void doctor_driver_version(void);

/* signing.c: whether the kernel loads any module or signed ones only, and the last word of its log */
enum signing { SIGNING_FREE, SIGNING_ENFORCED, SIGNING_UNSIGNED, SIGNING_UNKNOWN_KEY };
enum signing doctor_signing(void);

/* host.c: what the hypervisor is, and how the device is had there. */
void doctor_host(void);
const char *doctor_offer(void);

/* advice.c: which hooks are right here, and off, and whether their service runs. */
void doctor_hooks(void);

/* openssl.c: whether OpenSSL draws through the provider, by its own answer. */
enum openssl_answer { OPENSSL_OURS, OPENSSL_OTHER, OPENSSL_FAILS, OPENSSL_ABSENT };
/* configuration: instead of the one that services read; NULL for that one. */
enum openssl_answer openssl_ask(const char *configuration, char generator[64]);
void doctor_openssl(void);
/* When its configuration or the module last changed, in seconds since 1970; 0 if not known. */
int64_t openssl_configured(void);

/* processes.c: reports which running processes are covered; returns an exit code */
int doctor_processes(bool json);

#endif
