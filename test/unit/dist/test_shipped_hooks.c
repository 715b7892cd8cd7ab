/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/dist: the hooks in dist/hooks, run by vmgenc hooks after a change of a simulated
 * source, with the machine's own tools. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hooks/state.h"
#include "tree_fixture.h"

#define OLD_ID "0123456789abcdef0123456789abcdef\n"

/* Fails if a hook that is not executable runs, or a start without a change. */
static void off_changes_nothing(void **unused)
{
	char why[256];
	struct state s;

	(void)unused;
	shell("install -m 644 dist/hooks/* %s/", hooks);
	put("/etc/machine-id", OLD_ID);
	put("/etc/ssh/ssh_host_rsa_key", "old");
	put("/var/lib/systemd/random-seed", "old");
	put("/var/lib/dhcp/dhclient.leases", "old");
	put("/etc/vmgenc/services", "nginx\n");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "exit 0");
	shell("find /etc /var/lib /run /boot -type f -exec sha256sum {} + >%s/before", tree);
	assert_int_equal(cloned(), 0);
	shell("sha256sum --quiet -c %s/before", tree);
	assert_false(is_there(STAND_IN));
	assert_int_equal(state_load(state_file, &s, why, sizeof(why)), 0);
	assert_int_equal(s.runs, 0);
	assert_int_equal(s.changes, 1);
	/* Switched on, they do change all of it. */
	shell("chmod 755 %s/*", hooks);
	simfile_bump(&sim);
	once();
	assert_int_equal(state_load(state_file, &s, why, sizeof(why)), 0);
	assert_int_equal(s.runs, 13);
	shell("! sha256sum -c %s/before 2>/dev/null | grep -v services | grep ': OK$' | "
	      "grep 'machine-id\\|ssh\\|seed\\|lease'",
	      tree);
}

/* Fails if a seed stays, is short or readable; or if one is made where there was none. */
static void random_seed(void **unused)
{
	static const char *const seeds[] = {"/var/lib/systemd/random-seed",
					    "/var/lib/seedrng/seed.credit",
					    "/boot/loader/random-seed", "/boot/entropy"};
	static const off_t sizes[] = {512, 512, 32, 4096};
	struct stat st;

	(void)unused;
	enable("10-random-seed");
	assert_int_equal(cloned(), 0);
	says("10-random-seed: there is no saved random seed here");
	shell("[ -z \"$(find /var/lib /boot -type f)\" ]");
	for (int i = 0; i < 4; i++)
		put(seeds[i], "old");
	assert_int_equal(cloned(), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(stat(seeds[i], &st), 0);
		assert_int_equal(st.st_size, sizes[i]);
		assert_int_equal(st.st_mode & 07777, 0600);
		says(seeds[i]);
	}
	shell("[ $(find /var/lib /boot -type f | wc -l) = 4 ]");
}

static void is_new_machine_id(void)
{
	char id[64];

	snprintf(id, sizeof(id), "%.63s", of("/etc/machine-id"));
	assert_int_equal(strlen(id), 33);
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
	assert_string_not_equal(id, OLD_ID);
	assert_string_equal(of("/var/lib/dbus/machine-id"), id);
	has_mode("/etc/machine-id", 0444);
	/* And systemd takes it for one, as it is. */
	shell("! command -v systemd-machine-id-setup >/dev/null || "
	      "systemd-machine-id-setup --print | cmp - /etc/machine-id");
	assert_false(is_there("/etc/machine-id.new"));
	says("20-machine-id: machine id replaced");
}

/* Fails if the id stays or is no id, D-Bus's copy differs, or its link becomes a copy. */
static void machine_id(void **unused)
{
	(void)unused;
	enable("20-machine-id");
	assert_int_equal(cloned(), 0);
	says("there is no machine id here");
	assert_false(is_there("/etc/machine-id"));
	put("/etc/machine-id", OLD_ID);
	put("/var/lib/dbus/machine-id", OLD_ID);
	assert_int_equal(cloned(), 0);
	is_new_machine_id();
	hide("systemd-id128");
	put("/etc/machine-id", OLD_ID);
	shell("ln -sf /etc/machine-id /var/lib/dbus/machine-id");
	assert_int_equal(cloned(), 0);
	is_new_machine_id();
	shell("[ -L /var/lib/dbus/machine-id ]");
}

/* Fails if a file that cannot be replaced passes for replaced, or something is left beside it. */
static void machine_id_that_is_mounted(void **unused)
{
	(void)unused;
	enable("20-machine-id");
	put("/etc/machine-id", OLD_ID);
	put("/run/machine-id", OLD_ID);
	shell("mount --bind /run/machine-id /etc/machine-id");
	assert_int_equal(cloned(), 1);
	says("/etc/machine-id cannot be replaced");
	assert_false(is_there("/etc/machine-id.new"));
	assert_string_equal(of("/etc/machine-id"), OLD_ID);
}

static void make_host_keys(void)
{
	shell("mkdir -p /etc/ssh && ssh-keygen -q -A && touch /etc/ssh/ssh_host_rsa_key-cert.pub");
	put("/etc/ssh/ssh_host_dsa_key", "a kind that is no longer made");
	shell("cat /etc/ssh/*.pub | sort >%s/before", tree);
}

/* Fails if an old key or a certificate stays, a private key can be read, or halves do not match;
 * or if a server that runs is not told. */
static void ssh_host_keys(void **unused)
{
	(void)unused;
	enable("30-ssh-host-keys");
	make_host_keys();
	assert_int_equal(cloned(), 0);
	says("no SSH server runs that would have to be restarted");
	shell("cat /etc/ssh/*.pub | sort | comm -12 - %s/before | wc -l | grep -qx 0", tree);
	shell("[ $(ls /etc/ssh/*.pub | wc -l) = $(wc -l <%s/before) ]", tree);
	shell("! ls -d /etc/ssh/new.* /etc/ssh/*dsa_key /etc/ssh/*cert* 2>/dev/null | grep -v "
	      "ecdsa");
	shell("for k in /etc/ssh/ssh_host_*_key; do [ $(stat -c %%a $k $k.pub | xargs | tr ' ' /) "
	      "= "
	      "600/644 ] && ssh-keygen -y -f $k | cut -d' ' -f1,2 | grep -qFf - $k.pub || exit 1; "
	      "done");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "");
	assert_int_equal(cloned(), 0);
	assert_string_equal(of(STAND_IN), "systemctl is-active --quiet ssh.service\n"
					  "systemctl try-reload-or-restart ssh.service\n");
	stand_in("systemctl", "[ $1 = is-active ]");
	assert_int_equal(cloned(), 1);
	says("ssh could not be restarted");
}

/* Fails if keys are made for a host without a server, or lost with the tool. */
static void ssh_host_keys_without(void **unused)
{
	(void)unused;
	enable("30-ssh-host-keys");
	assert_int_equal(cloned(), 0);
	says("there are no SSH host keys in /etc/ssh");
	assert_false(is_there("/etc/ssh"));
	make_host_keys();
	hide("ssh-keygen");
	assert_int_equal(cloned(), 1);
	says("ssh-keygen is not there: the keys stay");
	shell("cat /etc/ssh/*.pub | sort | cmp - %s/before", tree);
}

/* Fails if a lease or a DUID stays, another file goes, or a client that runs keeps its address. */
static void dhcp(void **unused)
{
	(void)unused;
	enable("40-dhcp");
	assert_int_equal(cloned(), 0);
	says("40-dhcp: 0 files with leases or a DUID removed");
	says("no DHCP client is restarted");
	put("/var/lib/dhcp/dhclient.eth0.leases", "lease {}");
	put("/var/lib/dhcpcd/duid", "00:01");
	put("/run/systemd/netif/leases/2", "ADDRESS=10.0.0.1");
	put("/var/lib/NetworkManager/secret_key", "key");
	put("/var/lib/NetworkManager/NetworkManager.state", "[main]");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "case $* in *NetworkManager*) exit 3 ;; esac");
	assert_int_equal(cloned(), 0);
	says("4 files with leases or a DUID removed");
	shell("[ \"$(find /var/lib /run/systemd -type f)\" = "
	      "/var/lib/NetworkManager/NetworkManager.state ]");
	of(STAND_IN);
	assert_non_null(strstr(text, "systemctl try-restart systemd-networkd.service\n"));
	assert_null(strstr(text, "try-restart NetworkManager"));
	stand_in("systemctl", "[ $1 = is-active ]");
	assert_int_equal(cloned(), 1);
	says("dhcpcd could not be restarted");
}

/* Fails if the client's own user, to whom the directory belongs, can have other files removed. */
static void dhcp_with_links(void **unused)
{
	(void)unused;
	enable("40-dhcp");
	put("/etc/other/1", "stays");
	put("/var/lib/dhcpcd/real.lease", "lease {}");
	shell("mkdir -p /run/systemd/netif && ln -s /etc/other /run/systemd/netif/leases");
	shell("ln -s /etc/other/1 /var/lib/dhcpcd/duid");
	assert_int_equal(cloned(), 0);
	says("1 files with leases or a DUID removed");
	shell("[ \"$(cat /etc/other/1)\" = stays ]");
}

/* Fails if the note does not reach a listener by the real logger(1), or is lost in silence. */
static void journal(void **unused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	(void)unused;
	enable("50-journal");
	assert_int_equal(cloned(), 0);
	says("there is no /dev/log: the note is here alone");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(cloned(), 0);
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "vmgenc: VM generation 3 (id "));
	says("50-journal: VM generation 3 (id ");
	/* systemd is said to run, but its real journalctl finds no journal. */
	shell("mkdir -p " SYSTEMD);
	assert_int_equal(cloned(), 0);
	says("the journal could not be rotated");
	close(fd);
}

/* Fails if one that fails passes for restarted, stops those behind it, or the last is left out. */
static void restart_services(void **unused)
{
	(void)unused;
	enable("90-restart-services");
	assert_int_equal(cloned(), 1);
	says("/etc/vmgenc/services is not there: nothing is restarted");
	put("/etc/vmgenc/services", "# ours\n\nbroken\nidle\nlast");
	stand_in("service", "case $1$2 in idlestatus | brokenrestart) exit 1 ;; esac");
	assert_int_equal(cloned(), 1);
	says("broken could not be restarted");
	says("idle does not run");
	says("last restarted");
	assert_non_null(strstr(of(STAND_IN), "service last restart\n"));
	shell("rm " STAND_IN "; mkdir -p " SYSTEMD);
	stand_in("systemctl", "case $* in *active*idle*) exit 3 ;; esac");
	assert_int_equal(cloned(), 0);
	says("broken restarted");
	says("idle does not run");
	assert_string_equal(of(STAND_IN), "systemctl is-active --quiet -- broken\n"
					  "systemctl try-restart -- broken\n"
					  "systemctl is-active --quiet -- idle\n"
					  "systemctl is-active --quiet -- last\n"
					  "systemctl try-restart -- last\n");
}

/* Fails if a hold has no time limit, holds loopback, or is not ended; or passes for one without
 * nft. */
static void hold(void **unused)
{
	(void)unused;
	enable("00-hold");
	enable("99-release");
	shell("cp \"$(command -v nft)\" /run/real-nft 2>/dev/null || true");
	hide("nft");
	assert_int_equal(cloned(), 1);
	says("nft is not there: nothing is held");
	says("99-release: nothing is held");
	stand_in("nft", "[ $1 != -f ] || cat >/run/rules");
	assert_int_equal(cloned(), 0);
	says("held for 120 s at most; ports: ");
	says("99-release: released");
	of("/run/rules");
	assert_true(strncmp(text, "table inet vmgenc_hold\ndelete table inet vmgenc_hold\n", 52) ==
		    0);
	assert_int_equal(count_of(text, "flags timeout; timeout 120s;"), 2);
	assert_int_equal(count_of(text, "f lo accept\n"), 2);
	shell("grep -c drop /run/rules | grep -qx 4 && grep drop /run/rules | grep -vc @ | grep "
	      "-qx 0");
	assert_non_null(strstr(of(STAND_IN), "nft delete table inet vmgenc_hold\n"));
	shell("[ ! -e /run/real-nft ] || unshare -n /run/real-nft -c -f /run/rules");
	put("/etc/vmgenc/hold", "for ever\n");
	assert_int_equal(cloned(), 1);
	says("\"for ever\" is no time limit: nothing is held");
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(off_changes_nothing),
		TEST(random_seed),
		TEST(machine_id),
		TEST(machine_id_that_is_mounted),
		TEST(ssh_host_keys),
		TEST(ssh_host_keys_without),
		TEST(dhcp),
		TEST(dhcp_with_links),
		TEST(journal),
		TEST(restart_services),
		TEST(hold),
	};

	return cmocka_run_group_tests_name("shipped hooks", tests, NULL, NULL);
}

int main(void)
{
	return tree_run(run);
}
