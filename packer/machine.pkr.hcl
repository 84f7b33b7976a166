# One template for both layers. The base layer starts from Debian's image and applies base.yml,
# the app layer starts from the base layer and applies site.yml; all else is the same.

source "amazon-ebs" "machine" {
  ami_name      = var.image_name
  source_ami    = var.source_ami
  instance_type = var.instance_type
  region        = var.region
  subnet_id     = var.subnet_id

  # The caller makes the security group and the key pair's name its own, so that whatever a killed
  # try leaves behind can be found by name.
  security_group_id       = var.security_group_id
  temporary_key_pair_name = var.bake

  custom_endpoint_ec2     = var.endpoint
  skip_region_validation  = true
  skip_metadata_api_check = true

  # Packer 1.6 cannot ask for version 2 of the metadata service alone. A builder has no instance
  # profile, so there are no credentials to be read; machines are launched with version 2 only.
  ssh_username              = var.ssh_username
  ssh_interface             = var.ssh_interface
  ssh_timeout               = "5m"
  ssh_clear_authorized_keys = true

  encrypt_boot = var.encrypt_boot

  # What belongs to a bake carries its tags from its first moment on, since rights depend on them.
  # Only the image does not: Packer 1.6 tags it when it is there.
  run_tags        = merge(var.tags, var.builder_tags, { "Name" = var.bake, "slipway:bake" = var.bake })
  run_volume_tags = merge(var.tags, var.builder_tags, { "slipway:bake" = var.bake })
  tags            = merge(var.tags, { "Name" = var.image_name })
  snapshot_tags   = var.tags
}

build {
  sources = ["source.amazon-ebs.machine"]

  # The builder may be up before it is known what to install. Then the caller writes the playbook's
  # variables while it waits here, and yes or no. A caller that died says neither, so the builder is
  # taken away after a while longer than any package takes.
  provisioner "shell-local" {
    # Packer writes the script to a folder from which nothing can be run.
    execute_command = ["/bin/sh", "-c", "{{.Vars}} /bin/sh {{.Script}}"]
    inline = [
      "looks=0",
      "until [ -s /work/begin ]; do",
      "  looks=$((looks + 1))",
      "  [ $looks -lt 6000 ] || exit 1",
      "  sleep 0.2",
      "done",
      "grep -qx yes /work/begin",
    ]
  }

  provisioner "ansible" {
    playbook_file = var.playbook
    user          = var.ssh_username
    use_proxy     = false

    # The toolbox has the one that it has.
    skip_version_check = true

    ansible_env_vars = [
      "ANSIBLE_CONFIG=/work/ansible/ansible.cfg",
    ]
    extra_arguments = [
      "--extra-vars", "@${var.variables}",
    ]
  }

  # Which image it is, for the caller, who trusts no search by tags.
  post-processor "manifest" {
    output = var.manifest
  }
}
