package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// load reads the files and returns the configuration to connect with. An error comes with the key it is about.
func (t TLS) load() (key string, conf *tls.Config, err error) {
	conf = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify,
		NextProtos:         []string{"http/1.1"}, // HTTP/2 has another way to open a WebSocket
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return "tls.ca", nil, fmt.Errorf("read certificates: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return "tls.ca", nil, fmt.Errorf("%s holds no PEM certificate", t.CA)
		}
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return "", conf, nil
	case t.Cert == "":
		return "tls.cert", nil, errors.New("is missing beside tls.key")
	case t.Key == "":
		return "tls.key", nil, errors.New("is missing beside tls.cert")
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return "tls.cert", nil, fmt.Errorf("load client certificate: %w", err)
	}
	conf.Certificates = []tls.Certificate{pair}
	return "", conf, nil
}
