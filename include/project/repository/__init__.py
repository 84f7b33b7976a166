"""What a project says of its repository: its host, what is watched, proposed and overtaken."""
