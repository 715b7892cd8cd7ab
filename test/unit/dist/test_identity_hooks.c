/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/dist: the shipped hooks that replace an identity - wherever its software keeps it, and
 * where it stays, the hook fails and names it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tree_fixture.h"

/* Without what a hook owes from before, which would be run at the template's start. */
static int cloned_anew(void)
{
	shell("rm -f %s %s.last", state_file, state_file);
	return cloned();
}

static bool is_same_key(const char *path, const char *before)
{
	char now[4096];

	snprintf(now, sizeof(now), "%.4095s", of(path));
	return !strcmp(now, before);
}

/* Fails if a key stays that sshd's configuration names, or one that stays is not named. */
static void keys_where_sshd_says(void **unused)
{
	char rsa[4096], other[4096];

	(void)unused;
	enable("30-ssh-host-keys");
	shell("mkdir -p /etc/ssh/keys /etc/ssh/other && mount -t tmpfs tmpfs /etc/ssh/other && "
	      "ssh-keygen -q -N '' -t rsa -b 2048 -f /etc/ssh/keys/one && "
	      "ssh-keygen -q -N '' -t ecdsa -b 384 -f /etc/ssh/keys/real && "
	      "ln -s real /etc/ssh/keys/link && "
	      "ssh-keygen -q -N '' -t ed25519 -f /etc/ssh/other/two");
	snprintf(rsa, sizeof(rsa), "%.4095s", of("/etc/ssh/keys/one"));
	snprintf(other, sizeof(other), "%.4095s", of("/etc/ssh/other/two"));
	stand_in("sshd", "echo port 22; for k in keys/one keys/link gone; do echo hostkey "
			 "/etc/ssh/$k; done; echo hostkeyagent none");
	assert_int_equal(cloned_anew(), 0);
	assert_false(is_same_key("/etc/ssh/keys/one", rsa));
	shell("[ -L /etc/ssh/keys/link ] && [ ! -e /etc/ssh/gone ]");
	shell("ssh-keygen -l -f /etc/ssh/keys/one | grep -q '^2048 .*(RSA)' && "
	      "ssh-keygen -l -f /etc/ssh/keys/real | grep -q '^384 .*(ECDSA)'");
	shell("for k in one real; do ssh-keygen -y -f /etc/ssh/keys/$k | cut -d' ' -f1,2 | grep "
	      "-qFf - /etc/ssh/keys/$k.pub || exit 1; done");
	stand_in("sshd", "echo hostkey /etc/ssh/other/two; echo hostkeyagent /run/agent");
	assert_int_equal(cloned_anew(), 1);
	says("/etc/ssh/other/two: it stays");
	says("the key of the agent /run/agent: it stays");
	assert_true(is_same_key("/etc/ssh/other/two", other));
	put("/etc/ssh/keys/odd", "of no kind");
	stand_in("sshd", "echo hostkey /etc/ssh/keys/odd");
	assert_int_equal(cloned_anew(), 1);
	says("/etc/ssh/keys/odd: it stays");
	assert_string_equal(of("/etc/ssh/keys/odd"), "of no kind");
	shell("umount /etc/ssh/other; [ -z \"$(find /etc/ssh -name '.vmgenc-*')\" ]");
}

/* Fails if a key of Dropbear's stays, or what stays is not named. */
static void dropbear(void **unused)
{
	(void)unused;
	enable("31-dropbear-host-keys");
	assert_int_equal(cloned_anew(), 0);
	says("there are no host keys of Dropbear here");
	put("/etc/dropbear/dropbear_ed25519_host_key", "old");
	put("/etc/dropbear/dropbear_ed25519_host_key.pub", "old");
	put("/etc/dropbear/config", "old");
	stand_in("dropbearkey", "[ $2 != dss ] && echo new $2 >$4");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "exit 0");
	assert_int_equal(cloned_anew(), 0);
	assert_string_equal(of("/etc/dropbear/dropbear_ed25519_host_key"), "new ed25519\n");
	assert_false(is_there("/etc/dropbear/dropbear_ed25519_host_key.pub"));
	assert_string_equal(of("/etc/dropbear/config"), "old");
	assert_non_null(strstr(of(STAND_IN), "systemctl try-restart dropbear.service\n"));
	put("/etc/dropbear/dropbear_dss_host_key", "old");
	put("/etc/dropbear/initramfs/dropbear_rsa_host_key", "old");
	assert_int_equal(cloned_anew(), 1);
	says("/etc/dropbear/dropbear_dss_host_key could not be made: it stays");
	says("/etc/dropbear/initramfs/dropbear_rsa_host_key is in the initramfs: it stays");
	assert_string_equal(of("/etc/dropbear/dropbear_dss_host_key"), "old");
}

/* Fails if journald goes on under the old id, where journalctl does not look. */
static void journal_follows_the_machine_id(void **unused)
{
	(void)unused;
	enable("20-machine-id");
	put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "echo $(cat /etc/machine-id) >>/run/id");
	assert_int_equal(cloned_anew(), 0);
	assert_string_equal(of(STAND_IN), "systemctl is-active --quiet systemd-journald.service\n"
					  "systemctl restart systemd-journald.service\n");
	shell("[ \"$(tail -n 1 /run/id)\" = \"$(cat /etc/machine-id)\" ]");
	stand_in("systemctl", "[ $1 = is-active ]");
	assert_int_equal(cloned_anew(), 1);
	says("journald could not be restarted");
}

/* A file that sets a DUID: it stays, and is named. */
static void is_named(const char *path, const char *what)
{
	char said[256];

	put(path, what);
	assert_int_equal(cloned_anew(), 1);
	snprintf(said, sizeof(said), "%s sets a DUID or client identifier: it stays", path);
	says(said);
	shell("rm %s", path);
}

/* Fails if a DUID of wicked or connman stays, or one that is configured is not named. */
static void duids(void **unused)
{
	(void)unused;
	enable("41-duid");
	assert_int_equal(cloned_anew(), 0);
	says("41-duid: 0 files with a DUID forgotten");
	put("/var/lib/wicked/duid.xml", "<duid/>");
	put("/var/lib/wicked/lease-eth0-dhcp-ipv6.xml", "<lease/>");
	put("/var/lib/wicked/other", "stays");
	put("/var/lib/connman/ethernet_1_cable/settings",
	    "[ethernet_1_cable]\nIPv6.DHCP.DUID=0001\nName=Wired\n");
	put("/etc/systemd/networkd.conf", "[DHCPv6]\n#DUIDRawData=00:01\nDUIDType=vendor\n");
	put("/etc/dhcp/dhclient.conf", "#send dhcp-client-identifier 1:2;\nrequest host-name;\n");
	assert_int_equal(cloned_anew(), 0);
	says("41-duid: 3 files with a DUID forgotten");
	shell("[ \"$(ls /var/lib/wicked)\" = other ]");
	assert_string_equal(of("/var/lib/connman/ethernet_1_cable/settings"),
			    "[ethernet_1_cable]\nName=Wired\n");
	is_named("/etc/systemd/network/10.network", "[DHCPv6]\nDUIDRawData=00:01");
	is_named("/etc/NetworkManager/system-connections/a", "[ipv6]\ndhcp-duid=00:01:02");
	is_named("/etc/NetworkManager/conf.d/a.conf", "ipv4.dhcp-client-id=01:02");
	is_named("/etc/dhcp/dhclient6.conf", "interface \"eth0\" { send dhcp6.client-id 1:2; }");
	is_named("/etc/dhcpcd.conf", "clientid 01:02");
	is_named("/etc/wicked/local.xml", "<config>\n <default-duid>00:01</default-duid>");
	shell("mkdir -p " SYSTEMD);
	stand_in("systemctl", "case $* in *active*wicked*) exit 3 ;; esac");
	assert_int_equal(cloned_anew(), 1);
	says("the DUID of systemd-networkd follows the machine id, and 20-machine-id is off");
	put("/etc/vmgenc/hooks.d/20-machine-id", "");
	shell("chmod 755 /etc/vmgenc/hooks.d/20-machine-id");
	assert_int_equal(cloned_anew(), 0);
	assert_non_null(strstr(of(STAND_IN), "systemctl try-restart connman.service\n"));
}

/* Fails if cloud-init is cleaned where it set up nothing, or its instance stays in silence. */
static void cloud_init(void **unused)
{
	(void)unused;
	enable("45-cloud-init");
	stand_in("cloud-init", "rm -r /var/lib/cloud/data /var/lib/cloud/instance");
	assert_int_equal(cloned_anew(), 0);
	says("cloud-init has set up no instance here");
	assert_false(is_there(STAND_IN));
	put("/var/lib/cloud/data/instance-id", "i-1\n");
	put("/var/lib/cloud/instance/boot-finished", "");
	assert_int_equal(cloned_anew(), 0);
	says("instance i-1 forgotten");
	put("/var/lib/cloud/data/instance-id", "i-2\n");
	stand_in("cloud-init", "exit 0");
	assert_int_equal(cloned_anew(), 1);
	says("cloud-init clean has left its data: the instance i-2 stays");
	stand_in("cloud-init", "exit 1");
	assert_int_equal(cloned_anew(), 1);
	says("the instance i-2 stays");
}

#define OLD_NAME "InitiatorName=iqn.1993-08.org.debian:01:old\n"

/* Fails if a name stays, is taken from under a session, or is lost with its tool. */
static void iscsi(void **unused)
{
	static const char file[] = "/etc/iscsi/initiatorname.iscsi";

	(void)unused;
	enable("46-iscsi-initiator");
	hide("iscsi-iname");
	assert_int_equal(cloned_anew(), 0);
	says("there is no iSCSI initiator name here");
	put(file, "# ours\n" OLD_NAME);
	assert_int_equal(cloned_anew(), 1);
	says("iscsi-iname is not there: the initiator name iqn.1993-08.org.debian:01:old stays");
	stand_in("iscsi-iname", "echo iqn.1993-08.org.debian:01:new");
	put("/sys/class/iscsi_session/session1/state", "LOGGED_IN");
	assert_int_equal(cloned_anew(), 1);
	says("there are open sessions: the initiator name iqn.1993-08.org.debian:01:old stays");
	assert_string_equal(of(file), "# ours\n" OLD_NAME);
	shell("rm -r /sys/class/iscsi_session");
	assert_int_equal(cloned_anew(), 0);
	assert_string_equal(of(file), "# ours\nInitiatorName=iqn.1993-08.org.debian:01:new\n");
	has_mode(file, 0600);
	stand_in("iscsi-iname", "exit 1");
	assert_int_equal(cloned_anew(), 1);
	says("the initiator name iqn.1993-08.org.debian:01:new stays");
}

/* Fails if the NQN stays, its id does not follow, or one in use is taken away. */
static void nvme(void **unused)
{
	(void)unused;
	enable("47-nvme-host");
	assert_int_equal(cloned_anew(), 0);
	says("there is no NVMe host NQN here");
	put("/etc/nvme/hostnqn", "nqn.2014-08.org.nvmexpress:uuid:old");
	put("/sys/class/nvme/nvme0/transport", "pcie");
	assert_int_equal(cloned_anew(), 0);
	assert_false(is_there("/etc/nvme/hostid"));
	put("/etc/nvme/hostid", "old");
	assert_int_equal(cloned_anew(), 0);
	shell("id=$(cat /etc/nvme/hostid) && [ ${#id} = 36 ] && "
	      "[ $(cat /etc/nvme/hostnqn) = nqn.2014-08.org.nvmexpress:uuid:$id ]");
	put("/etc/nvme/hostnqn", "nqn.old");
	put("/sys/class/nvme/nvme1/transport", "tcp");
	assert_int_equal(cloned_anew(), 1);
	says("a controller is connected: the host NQN nqn.old stays");
	assert_string_equal(of("/etc/nvme/hostnqn"), "nqn.old");
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_where_sshd_says),
		TEST(dropbear),
		TEST(journal_follows_the_machine_id),
		TEST(duids),
		TEST(cloud_init),
		TEST(iscsi),
		TEST(nvme),
	};

	return cmocka_run_group_tests_name("hooks that replace an identity", tests, NULL, NULL);
}

int main(void)
{
	return tree_run(run);
}
