package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const token = "0123456789abcdef"

func TestAdminListensWhereNobodyElseConnectsOrAsksWhoItIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := func(address string) string {
		return `admin: want admin_token or admin_client_ca where others can connect, as to "` + address + `"; or 127.0.0.1 or unix:PATH`
	}
	cases := map[string]struct {
		admin Admin
		want  string // empty: nothing is wrong
	}{
		"none":                       {Admin{}, ""},
		"loopback":                   {Admin{Listen: "127.0.0.1:9000"}, ""},
		"any loopback":               {Admin{Listen: "127.8.0.1:9000"}, ""},
		"loopback of IPv6":           {Admin{Listen: "[::1]:9000"}, ""},
		"localhost":                  {Admin{Listen: "LocalHost:0"}, ""},
		"unix":                       {Admin{Listen: "unix:/run/admin.sock"}, ""},
		"all addresses":              {Admin{Listen: ":9000"}, open(":9000")},
		"all addresses by name":      {Admin{Listen: "0.0.0.0:9000"}, open("0.0.0.0:9000")},
		"all addresses of IPv6":      {Admin{Listen: "[::]:9000"}, open("[::]:9000")},
		"another address":            {Admin{Listen: "10.0.0.1:9000"}, open("10.0.0.1:9000")},
		"a name":                     {Admin{Listen: "admin.local:9000"}, open("admin.local:9000")},
		"an abstract socket":         {Admin{Listen: "unix:@admin"}, open("unix:@admin")},
		"all addresses, token":       {Admin{Listen: ":9000", Token: token}, ""},
		"all addresses, certificate": {Admin{Listen: ":9000", Cert: file, Key: file, ClientCA: file}, ""},
		"TLS alone asks for nothing": {Admin{Listen: ":9000", Cert: file, Key: file}, open(":9000")},
		"an inherited socket":        {Admin{Listen: "fd://3", Token: token}, `admin: want HOST:PORT, [IPV6]:PORT or unix:PATH, not "fd://3"`},
		"no address":                 {Admin{Listen: "9000"}, `admin: want HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N, not "9000"`},
		"a short token":              {Admin{Token: "0123456789abcde"}, "admin_token: want at least 16 bytes"},
		"a token with a space":       {Admin{Token: token + " "}, "admin_token: want visible characters of ASCII, and no space"},
		"a token with a letter":      {Admin{Token: token + "ä"}, "admin_token: want visible characters of ASCII, and no space"},
		"a certificate alone":        {Admin{Listen: "127.0.0.1:1", Cert: file}, "admin_cert: want admin_key beside it"},
		"a key alone":                {Admin{Listen: "127.0.0.1:1", Key: file}, "admin_key: want admin_cert beside it"},
		"clients' authorities alone": {Admin{Listen: ":1", ClientCA: file}, "admin_client_ca: want admin_cert beside it"},
		"a file that is missing":     {Admin{Cert: file + "x"}, "admin_cert: " + file + "x: there is no such file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := Default()
			config.Admin = c.admin
			if c.want == "" {
				assert.NoError(t, config.Validate())
				return
			}
			assert.EqualError(t, config.Validate(), c.want)
		})
	}
}

func TestTokenIsNotShown(t *testing.T) {
	const secret = "s3cr3t s3cr3t s3cr3t"
	setting, _ := Find("admin_token")
	assert.NotContains(t, setting.Value(Config{Admin: Admin{Token: secret}}), "s3cr3t")
	_, err := Read(Sources{Dir: t.TempDir(), Environ: []string{"FOREBAY_ADMIN_TOKEN=" + secret}})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cr3t")
}
