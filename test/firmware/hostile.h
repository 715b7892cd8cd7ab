/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/firmware: hostile.def for C. What ADDR evaluates to is there for the simulated machines,
 * which have no interpreter: in a real guest it is the ASL that says so.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

enum hostile_where { EVERYWHERE, LINUX, WIDE, BESIDE, BOOT, SLOW };

#define ANSWER(name, error, log) name,
#define PAIR(...)
#define PACKAGE(...)
#define OBJECT(...)
#define METHOD(...)
#define DEVICE(...)
#define EVENT(...)
enum hostile_answer {
#include "hostile.def"
	ANSWERS
};
#undef ANSWER

#define ANSWER(name, error, log) {#name, error, log},
static const struct {
	const char *name;
	int error;
	const char *log;
} hostile_answers[] = {
#include "hostile.def"
};
#undef ANSWER
#undef PAIR
#undef PACKAGE
#undef OBJECT
#undef METHOD
#undef DEVICE
#undef EVENT

enum hostile_kind { IS_PAIR, IS_PACKAGE, IS_OBJECT, IS_CODE };

struct hostile_variant {
	unsigned int number;
	const char *name; /* the last two letters of the device's */
	enum hostile_where where;
	enum hostile_answer answer;
	const char *what;
	enum hostile_kind kind; /* IS_CODE: what follows is not known */
	unsigned int count;
	bool integer[2];
	unsigned long long value[2];
};

#define HOSTILE(h, where, answer, what) 0x##h, #h, where, answer, what
#define PAIR(h, where, answer, what, low, high)                                                    \
	{HOSTILE(h, where, answer, what), IS_PAIR, 2, {true, true}, {low, high}},
#define PACKAGE(h, where, answer, what, count, first, second, ...)                                 \
	{HOSTILE(h, where, answer, what), IS_PACKAGE, count, {first, second}, {0, 0}},
#define OBJECT(h, where, answer, what, ...)                                                        \
	{HOSTILE(h, where, answer, what), IS_OBJECT, 0, {false, false}, {0, 0}},
#define METHOD(h, where, answer, what, ...)                                                        \
	{HOSTILE(h, where, answer, what), IS_CODE, 0, {false, false}, {0, 0}},
#define DEVICE METHOD
#define EVENT(...)
static const struct hostile_variant hostile_variants[] = {
#include "hostile.def"
};
#undef PAIR
#undef PACKAGE
#undef OBJECT
#undef METHOD
#undef EVENT
#define HOSTILE_VARIANTS (sizeof(hostile_variants) / sizeof(*hostile_variants))

enum hostile_action {
	NOTIFY,	   /* so many notifications of that value */
	CHANGE,	   /* the id changes, and then they come */
	BECOMES,   /* each byte of the id becomes that value; so many notifications 0x80 */
	VANISH,	   /* _STA becomes 0, and then they come */
	RACE,	   /* the id changes all the time, while they come and programs sync */
	RACE_LOAD, /* the id changes all the time, and the driver comes */
};

struct hostile_event {
	unsigned int number;
	const char *name;
	const char *what;
	enum hostile_action action;
	unsigned int value, times;
	unsigned int changes; /* 0: the generation stays; 1: it does not */
};

#define PAIR(...)
#define PACKAGE(...)
#define OBJECT(...)
#define METHOD(...)
#define EVENT(h, what, action, value, times, changes)                                              \
	{0x##h, #h, what, action, value, times, changes},
static const struct hostile_event hostile_events[] = {
#include "hostile.def"
};
#undef PAIR
#undef PACKAGE
#undef OBJECT
#undef METHOD
#undef DEVICE
#undef EVENT
#define HOSTILE_EVENTS (sizeof(hostile_events) / sizeof(*hostile_events))

#endif /* HOSTILE_H */
