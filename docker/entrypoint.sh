#!/bin/sh
# Shows the image's package to n8n, then becomes the command. n8n looks for community packages in its user folder, which is a volume: what
# an image put there would stay as it was when the volume was new.
set -eu

modules="${N8N_USER_FOLDER:-$HOME}/.n8n/nodes/node_modules"
link="$modules/n8n-nodes-dinomaly"

mkdir -p "$modules"
if [ -e "$link" ] && [ ! -L "$link" ]; then
	echo "Taking the n8n-nodes-dinomaly that was installed in $link, not the image's. To have the image's, uninstall it in n8n (Settings, Community nodes) and start again." >&2
else
	ln -sfn /opt/n8n-nodes-dinomaly "$link"
fi

exec "$@"
