# Filled by the packaging layer: export set, package config, pkg-config file.
