package python

import "embed"

//go:embed all:native/lib/linux_arm64
var nativeCode embed.FS
