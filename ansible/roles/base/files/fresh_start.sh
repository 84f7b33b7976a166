#!/bin/sh
# Two machines of one image must differ in these, so each makes its own at its first boot.
install -m 0444 /dev/null /etc/machine-id
rm -f /etc/ssh/ssh_host_*
# So that cloud-init, where it is installed, begins anew.
rm -rf /var/lib/cloud/instances
