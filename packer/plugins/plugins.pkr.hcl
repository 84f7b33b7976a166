# For `packer init packer/plugins` with Packer 1.7 and newer. Packer 1.6, Debian 12's, has these
# plugins built in and does not know the block, so it stands in a folder of its own.
packer {
  required_plugins {
    amazon = {
      version = ">= 1.2.0"
      source  = "github.com/hashicorp/amazon"
    }
    ansible = {
      version = ">= 1.1.0"
      source  = "github.com/hashicorp/ansible"
    }
  }
}
