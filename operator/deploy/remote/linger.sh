# Lets the user's services run without a login session, and start at boot.
loginctl enable-linger "$(id -un)" 2>/dev/null || sudo -n loginctl enable-linger "$(id -un)" >&2
