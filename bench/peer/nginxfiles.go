package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// NginxFiles is nginx alone, which serves the files of a directory below /static/.
type NginxFiles struct {
	stack
	dir    string
	cached bool
}

// NewNginxFiles makes that peer from the nginx among the kit's tools. cached has it keep files open.
func NewNginxFiles(kit Kit, dir string, cached bool) *NginxFiles {
	name := "nginx"
	if cached {
		name += " with open_file_cache"
	}
	kit.Nginx = kit.Tools["nginx"]
	return &NginxFiles{stack{name: name, kit: kit}, dir, cached}
}

// Start starts the server; of the scenario only the path and the body matter.
func (n *NginxFiles) Start(ctx context.Context, _ Scenario) (err error) {
	n.settings = Settings{Notes: []string{"nginx has two worker processes beside each other; forebay's front is one process that uses every core."}}
	if n.cached {
		n.settings.Notes = append(n.settings.Notes, "open_file_cache believes what it knows for 60 s, as its default is; forebay looks at a file once a second.")
	}
	if n.address, err = freeAddress(ctx); err != nil {
		return err
	}
	var text strings.Builder
	err = nginxFilesTemplate.Execute(&text, map[string]any{
		"Root": os.Geteuid() == 0, "Workers": n.kit.Workers, "Address": n.address, "Dir": n.dir, "Cached": n.cached,
	})
	if err != nil {
		return fmt.Errorf("make nginx's configuration: %w", err)
	}
	home := n.kit.dir(strings.ReplaceAll(n.name, " ", "-"))
	file := filepath.Join(home, "nginx.conf")
	if err = os.MkdirAll(home, 0o700); err == nil {
		err = os.WriteFile(file, []byte(text.String()), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	n.settings.Files = map[string]string{"nginx.conf": n.kit.Hide(text.String())}
	return n.launch(n.name, n.kit.Nginx, "-p", home, "-e", "stderr", "-c", file)
}

// nginxFilesTemplate is what one would write for files, with sendfile, as its packages have it.
var nginxFilesTemplate = template.Must(template.New("nginx.conf").Parse(`daemon off;
pid nginx.pid;
{{- if .Root}}
user root;
{{- end}}
worker_processes {{.Workers}};
error_log stderr warn;
events {
    worker_connections 16384;
}
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
{{- if .Cached}}
    open_file_cache max=15000 inactive=60s;
{{- end}}
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    server {
        listen {{.Address}};
        location /static/ {
            alias {{.Dir}}/;
        }
    }
}
`))
