package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificates writes into dir: a CA (ca.crt), a serving certificate for loopback
// (serving.crt, serving.key; the key also signs service account tokens), and two
// client certificates of the cluster administrator, one that is good (admin.crt,
// admin.key) and one that expired an hour ago (expired.crt, expired.key).
func certificates(dir string) error {
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubelens-tests"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := signer{dir, authority, key}
	if err := ca.write("ca", authority, key); err != nil {
		return err
	}
	admin := pkix.Name{CommonName: "certificate-admin", Organization: []string{"system:masters"}}
	for name, certificate := range map[string]*x509.Certificate{
		"serving": {
			Subject: pkix.Name{CommonName: "localhost"}, NotAfter: authority.NotAfter,
			DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		},
		"admin":   {Subject: admin, NotAfter: authority.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
		"expired": {Subject: admin, NotAfter: now.Add(-time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
	} {
		if err := ca.issue(name, certificate); err != nil {
			return err
		}
	}
	return nil
}

// signer is a CA and the folder that what it signs goes to.
type signer struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (s signer) issue(name string, certificate *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if certificate.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return err
	}
	certificate.NotBefore = s.certificate.NotBefore
	certificate.KeyUsage = x509.KeyUsageDigitalSignature
	return s.write(name, certificate, key)
}

func (s signer) write(name string, certificate *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, s.certificate, &key.PublicKey, s.key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(s.dir, name+".crt"), "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	return writePEM(filepath.Join(s.dir, name+".key"), "EC PRIVATE KEY", private, 0o600)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
