package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"
)

// certificate is read again when its file has changed: those of today's authorities are valid for weeks.
type certificate struct {
	certFile, keyFile string

	mutex   sync.Mutex
	pair    *tls.Certificate
	changed time.Time
}

// current is called for each handshake. A file that can't be read leaves the certificate as it was.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	info, err := os.Stat(c.certFile)
	if err != nil || info.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		// The key may not be there yet: the next handshake tries again.
		log.Printf("the new certificate can't be used: %v", err)
		return c.pair, nil
	}
	c.pair, c.changed = &pair, info.ModTime()
	log.Printf("certificate read: %s", c.certFile)
	return c.pair, nil
}

// readTLS gives nil without a certificate.
func readTLS(cert, key, clientCA string) (*tls.Config, error) {
	if cert == "" && key == "" && clientCA == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, errors.New("TLS needs both -tls-cert (ION_TLS_CERT) and -tls-key (ION_TLS_KEY)")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert and -tls-key: %w", err)
	}
	// The first handshake reads them once more, and learns how old they are.
	served := &certificate{certFile: cert, keyFile: key, pair: &pair}
	conf := &tls.Config{GetCertificate: served.current, MinVersion: tls.VersionTLS12}
	if clientCA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, fmt.Errorf("-tls-client-ca: %w", err)
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-tls-client-ca: %s has no certificate in PEM", clientCA)
	}
	conf.ClientAuth = tls.RequireAndVerifyClientCert
	return conf, nil
}
