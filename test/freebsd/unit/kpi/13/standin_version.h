/* SPDX-License-Identifier: BSD-2-Clause */
/* test/freebsd/unit/kpi/13: STAND-IN for what differs between versions, as the headers of FreeBSD
 * 13.0 say. */
#ifndef STANDIN_VERSION_H
#define	STANDIN_VERSION_H

#define	__FreeBSD_version 1300139

/* sys/random.h */
#define	STANDIN_HAVE_VMGENID 1
enum random_entropy_source { RANDOM_CACHED = 0, RANDOM_INTERRUPT = 7, RANDOM_PURE_VMGENID = 24 };
void	read_random(void *, u_int);
bool	is_random_seeded(void);

/* dev/random/randomdev.h */
struct random_algorithm {
	const char *ra_ident;
	u_int	ra_poolcount;
	void	(*ra_pre_read)(void);
	void	(*ra_read)(uint8_t *, size_t);
	bool	(*ra_seeded)(void);
	void	(*ra_event_processor)(struct harvest_event *);
};
extern const struct random_algorithm random_alg_context;
#define	p_random_alg_context (&random_alg_context)
struct random_source;
void	random_source_register(struct random_source *);
void	random_source_deregister(struct random_source *);

/* sys/bus.h */
#define	DRIVER_MODULE(name, busname, driver, devclass, evh, arg)		\
	devclass_t *standin_devclass = &devclass;				\
	STANDIN_DRIVER(driver)

#endif /* STANDIN_VERSION_H */
