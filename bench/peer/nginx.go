package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
)

// NginxGunicorn is nginx before gunicorn's threaded worker, with a unix socket between them: the stack that forebay
// stands in for.
type NginxGunicorn struct {
	stack
	// tuned keeps connections open where nginx's defaults do not: to gunicorn, and to a client that asks for much.
	tuned bool
}

func newNginxGunicorn(name string, kit Kit) Peer {
	return &NginxGunicorn{stack: stack{name: name, kit: kit}}
}

func newNginxGunicornTuned(name string, kit Kit) Peer {
	return &NginxGunicorn{stack: stack{name: name, kit: kit}, tuned: true}
}

// Start starts both servers; nginx answers 502 until gunicorn has made its socket.
func (n *NginxGunicorn) Start(ctx context.Context, scenario Scenario) (err error) {
	n.settings = Settings{Notes: []string{n.note(), pureParser, twoFronts}}
	if n.address, err = freeAddress(ctx); err != nil {
		return err
	}
	socket := filepath.Join(n.kit.dir(n.name), "gunicorn.sock")
	if err := n.launch(n.name+"'s gunicorn", gunicornCommand(n.kit, "unix:"+socket, scenario)...); err != nil {
		return err
	}
	return n.launchNginx(n.front(socket), scenario)
}

func (n *NginxGunicorn) front(socket string) front {
	return front{Address: n.address, Socket: socket, Tuned: n.tuned}
}

func (n *NginxGunicorn) note() string {
	if n.tuned {
		return "the tuned nginx favours nginx + gunicorn: connections to gunicorn are kept and requests per connection not " +
			"limited, which few installations set. Where files are served it keeps them open, too."
	}
	return "nginx's defaults favour forebay: each request makes a new connection to gunicorn, and a client's connection " +
		"is closed after 1000 requests. The tuned peer has neither. nginx is the distribution's; from 1.29.7 on it keeps connections to " +
		"gunicorn by default."
}

const twoFronts = "nginx has as many worker processes as the application, beside them; forebay's front is one process that uses every core."

// front is what an nginx is told that stands before an application server.
type front struct {
	Address string
	Socket  string // of the application server
	UWSGI   bool   // it speaks uWSGI's own protocol, on a connection for each request
	// Tuned keeps connections and open files where nginx's defaults do not.
	Tuned bool
}

// launchNginx writes nginx's configuration and starts it.
func (s *stack) launchNginx(f front, scenario Scenario) error {
	dir := s.kit.dir(s.name)
	file := filepath.Join(dir, "nginx.conf")
	text, err := f.config(s.kit, scenario)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "uwsgi_params"), []byte(uwsgiParams), 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	s.settings.Files = map[string]string{"nginx.conf": s.kit.Hide(text)}
	return s.launch(s.name+"'s nginx", s.kit.Nginx, "-p", dir, "-e", "stderr", "-c", file)
}

// nginxTemplate follows the example in gunicorn's documentation. The temporary paths are there because those of a
// packaged nginx belong to root.
var nginxTemplate = template.Must(template.New("nginx.conf").Parse(`daemon off;
pid nginx.pid;
{{- if .Root}}
user root;
{{- end}}
worker_processes {{.Workers}};
worker_rlimit_nofile {{.Files}};
error_log stderr warn;
events {
    worker_connections 16384;
}
http {
    access_log off;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
{{- if .Patience}}
    client_header_timeout {{.Patience}};
    client_body_timeout {{.Patience}};
    send_timeout {{.Patience}};
    keepalive_timeout {{.Patience}};
    keepalive_requests 1000000;
{{- end}}
{{- with .HTTP}}
    {{.}}
{{- end}}
{{- if .Static}}
    sendfile on;
    tcp_nopush on;
{{- if .Tuned}}
    open_file_cache max=20000 inactive=60s;
{{- end}}
{{- end}}
    upstream app {
        server unix:{{.Socket}} fail_timeout=0;
{{- if and .Tuned (not .UWSGI)}}
        keepalive 64;
        keepalive_requests 1000000;
{{- end}}
    }
    server {
        listen {{.Address}};
{{- if and .Tuned (not .Patience)}}
        keepalive_requests 1000000;
{{- end}}
{{- with .Static}}
        location /static/ {
            alias {{.}}/;
        }
{{- end}}
        location / {
{{- with .Location}}
            {{.}}
{{- end}}
{{- if .UWSGI}}
            include uwsgi_params;
            uwsgi_pass app;
{{- else}}
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_redirect off;
{{- if .Tuned}}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
{{- end}}
            proxy_pass http://app;
{{- end}}
        }
    }
}
`))

// uwsgiParams is the file of that name that comes with nginx, which looks for it beside our configuration.
const uwsgiParams = `uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param PATH_INFO $document_uri;
uwsgi_param DOCUMENT_ROOT $document_root;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param REQUEST_SCHEME $scheme;
uwsgi_param HTTPS $https if_not_empty;
uwsgi_param REMOTE_ADDR $remote_addr;
uwsgi_param REMOTE_PORT $remote_port;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param SERVER_NAME $server_name;
`

// mostFiles is asked for where the system allows any number of descriptors, as nginx reads a smaller kind of number.
const mostFiles = 1 << 20

// config is the text of nginx's configuration.
func (f front) config(kit Kit, scenario Scenario) (string, error) {
	var text strings.Builder
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return "", fmt.Errorf("read RLIMIT_NOFILE: %w", err)
	}
	long := ""
	if scenario.Patient {
		long = patience
	}
	err := nginxTemplate.Execute(&text, map[string]any{
		// As root, nginx's workers would become nobody, who may not enter our directory.
		"Root":    os.Geteuid() == 0,
		"Workers": kit.Workers,
		"Socket":  f.Socket,
		"Address": f.Address,
		"Tuned":   f.Tuned,
		"UWSGI":   f.UWSGI,
		// A connection, its temporary file and its connection to the application server have a descriptor each.
		"Files":    min(files.Max, mostFiles),
		"Patience": long,
		"HTTP":     scenario.NginxHTTP,
		"Location": scenario.NginxLocation,
		"Static":   scenario.Files,
	})
	if err != nil {
		return "", fmt.Errorf("make nginx's configuration: %w", err)
	}
	return text.String(), nil
}
