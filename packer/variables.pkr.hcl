variable "bake" {
  type        = string
  description = "Names everything temporary: the builder, its key pair."
}

variable "image_name" {
  type = string
}

variable "source_ami" {
  type        = string
  description = "The image to start from."
}

variable "region" {
  type = string
}

variable "endpoint" {
  type        = string
  description = "EC2's URL; empty for AWS itself."
  default     = ""
}

variable "instance_type" {
  type    = string
  default = "t3.small"
}

variable "subnet_id" {
  type = string
}

variable "security_group_id" {
  type = string
}

variable "ssh_username" {
  type    = string
  default = "admin"
}

variable "ssh_interface" {
  type        = string
  description = "private_ip for workers inside the network, public_ip for others."
  default     = "private_ip"
}

variable "encrypt_boot" {
  type    = bool
  default = false
}

variable "tags" {
  type = map(string)
}

variable "builder_tags" {
  type        = map(string)
  description = "Further tags, on the builder and its volumes alone."
  default     = {}
}

variable "manifest" {
  type        = string
  description = "Path of the JSON file in which Packer notes the image."
  default     = "/work/manifest.json"
}

variable "playbook" {
  type        = string
  description = "Path of the layer's playbook."
}

variable "variables" {
  type        = string
  description = "Path of a JSON file with the playbook's variables."
}
