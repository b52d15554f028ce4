/** Certificates of nobody, P-384; their keys are not kept: the tests stand behind the proxy at which TLS ends. */
import { X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';

/** DER, base64. */
export const CERTIFICATES = {
  /** Until 2126. */
  hospital:
    'MIIBuzCCAUCgAwIBAgIUUWt9j8lUSQ6YOdOBUH66AHROFH4wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIaG9zcGl0YW' +
    'wwIBcNMjYxMTI5MDYyNDMzWhgPMjEyNjExMDUwNjI0MzNaMBMxETAPBgNVBAMMCGhvc3BpdGFsMHYwEAYHKoZIzj0C' +
    'AQYFK4EEACIDYgAEkKVi473PxYw4gF7bJLCkV9XQTSdjetPPEfiJ59aKLLngfffO/HBgaQXIt8ou1kptsuJU69m7P1' +
    'Ij2IIUoOEk2SPqc6okFQfTzveMMonud1bqeGijuXuXscAakfd3NP+0o1MwUTAdBgNVHQ4EFgQUWnNu7Mr78rbPZvj/' +
    'UQKjFuOjMNIwHwYDVR0jBBgwFoAUWnNu7Mr78rbPZvj/UQKjFuOjMNIwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQ' +
    'QDAgNpADBmAjEA5DnkFNUeTjKTr6/9dp4IPlDFCYZDd9r+ZLyYuYv62qdA/iqrC58yhhQJQz1t/XiEAjEA5XX6Vf8a' +
    'qVBpl48uL3soMRDQFvL9zKbqjlFpspzTYgkYnPxRe0NcsNkYQnIeitU+',
  stranger:
    'MIIBujCCAUCgAwIBAgIUX9EiS2ZwbmHQw9CBPynqB7Q4gnkwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIc3RyYW5nZX' +
    'IwIBcNMjYxMTI5MDYyNDMzWhgPMjEyNjExMDUwNjI0MzNaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMHYwEAYHKoZIzj0C' +
    'AQYFK4EEACIDYgAE91P/3LZmvWiVP0y02ZiSL/qzJzdfCw3XfILV5AbESLeR83EUExQfchKLbwpNdxmLk6QH4uW1Yy' +
    'orT2hi6gRfk5Es3mjtkkubJAvVHUvSTlChqMaS2lTsfMLxl8qK6Ug+o1MwUTAdBgNVHQ4EFgQUmEUYm76Q0hLm/xyJ' +
    '21KfmDY2Rs8wHwYDVR0jBBgwFoAUmEUYm76Q0hLm/xyJ21KfmDY2Rs8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQ' +
    'QDAgNoADBlAjEAnM93Z8jLZxKoQIO3Bk3knYFesX+RDOb4uuMQzQOeuialH8xg0gOY9TGZ8z6pIAdyAjAMXt7aRhUv' +
    '70ymt5dWjnnQTgLgmbJoXkzYBn2XFmax+4KntIvtVDd0Ldp3RHDB6Rk=',
  /** Since 2021. */
  expired:
    'MIIBSDCBzwIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleHBpcmVkMB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMT' +
    'AwMDAwMFowEjEQMA4GA1UEAwwHZXhwaXJlZDB2MBAGByqGSM49AgEGBSuBBAAiA2IABMHG8uNg0Mu4c9n9RKrAW9cq' +
    'oA/GCfgKsV1AHlvOf/Klga3CvrOJ0l7ZaX0QH74B20nK8+atkqhFFYjmdrTSNEX3s8EaTzYMwG9FSJVG+J/miy2Lob' +
    'q695zIV7K0cAyJBTAKBggqhkjOPQQDAgNoADBlAjB6++MRGK/zN9cPvkac6WNJkqpeCRUVfnCQi4347uDccsg0/nQ7' +
    '39GBWDF77rEJMnkCMQCJCHXsPp/zbvaGsqheQblmxNn/ksIqH3nUN9vvplVtnbGf5T07LO8tvXrnNnNYb5k=',
  /** An authority: P-256, as what it issued. */
  authority:
    'MIIB4TCCAYegAwIBAgIUAZ941YyKGqv7635abNPoZfEdcKMwCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM0WhgPMjEyNjExMDUx' +
    'MDEzMzRaMD0xCzAJBgNVBAYTAkZSMRkwFwYDVQQKDBBBdXRvcml0ZSBkZSB0ZXN0MRMwEQYDVQQDDApBQyBkZSB0ZXN0' +
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy5FsXtPxP5J+jV1ku0PImLoLIHNaZ0A0YWxHOJ1E8yg9h6KMP4JgNxYe' +
    '+YJw/hN+w+hxTCNKFyIe/ZOjHLllsKNjMGEwHQYDVR0OBBYEFB0NFiTQJXtr5rfVDrBptUvs3yRUMB8GA1UdIwQYMBaA' +
    'FB0NFiTQJXtr5rfVDrBptUvs3yRUMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0gA' +
    'MEUCIFeN2SwNldgf55xeAovlRoGwbx6mjWQBz6tunloK5gR0AiEAlFU64cm97sm/gCOrZkhga3NXEkIjd+ZtynnNLi6K' +
    'pT0=',
  /** `CN=dossier,O=Centre hospitalier,C=FR`, of the host `dossier.hospital.example`, for clients. */
  issued:
    'MIICBzCCAaygAwIBAgIUcJxqvXHubVwrNagDf7Wok+7K0Z0wCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM0WhgPMjEyNjExMDUx' +
    'MDEzMzRaMDwxCzAJBgNVBAYTAkZSMRswGQYDVQQKDBJDZW50cmUgaG9zcGl0YWxpZXIxEDAOBgNVBAMMB2Rvc3NpZXIw' +
    'WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAStErUVp/GqzL9uhoJHOm/yTKKZLQr81XpaTObXx6VHKUGP0HyR5iAY8BGQ' +
    't+1+PWD/AxT+0S9mWOvyMDQO4uOpo4GIMIGFMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwIwYDVR0RBBww' +
    'GoIYZG9zc2llci5ob3NwaXRhbC5leGFtcGxlMB0GA1UdDgQWBBRNH17Vuyw1X3tVY78qJTSIAXajCDAfBgNVHSMEGDAW' +
    'gBQdDRYk0CV7a+a31Q6wabVL7N8kVDAKBggqhkjOPQQDAgNJADBGAiEA59TiPer2dZHSp4QwpYsSVgvvMosuuY4h9MqE' +
    'VgZHIPMCIQCv9nqLDELAVb2iOd/LPJUuiuq4DoEpyCSM5gI3bsGnSw==',
  /** The same names, by another authority of the same name. */
  forged:
    'MIICBjCCAaygAwIBAgIUayBeM6laA+DCxJZ4hpAGE8/oZYAwCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM1WhgPMjEyNjExMDUx' +
    'MDEzMzVaMDwxCzAJBgNVBAYTAkZSMRswGQYDVQQKDBJDZW50cmUgaG9zcGl0YWxpZXIxEDAOBgNVBAMMB2Rvc3NpZXIw' +
    'WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASNsDwL4Xxnos1RXP8RAKvXsf0kXVxlqXaAplGzSMx8pWiz29PNVo1nv1jq' +
    'Zb/Ad3D7J+DxOjJD4mJ5yGtGvCojo4GIMIGFMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwIwYDVR0RBBww' +
    'GoIYZG9zc2llci5ob3NwaXRhbC5leGFtcGxlMB0GA1UdDgQWBBQouW7ukMLR/HVkks4bcRTIdlGuPjAfBgNVHSMEGDAW' +
    'gBTm/idT4GCo0PniJmA1oa1K0sawjDAKBggqhkjOPQQDAgNIADBFAiB3aVpBTViCT+9aLpBKy5B4+a4j3LjJ0gZSs9wC' +
    'BmbWpwIhAM448AW5UYmkpIqywzcuVgxP1YiL6cZwdzBUA/6Qw332',
  /** Its host’s as its common name, and of all hosts beside it. */
  wildcard:
    'MIICEDCCAbagAwIBAgIUcJxqvXHubVwrNagDf7Wok+7K0Z4wCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM1WhgPMjEyNjExMDUx' +
    'MDEzMzVaME0xCzAJBgNVBAYTAkZSMRswGQYDVQQKDBJDZW50cmUgaG9zcGl0YWxpZXIxITAfBgNVBAMMGGRvc3NpZXIu' +
    'aG9zcGl0YWwuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLehFtXtOna2Dqe13RH6wPPAnSvH9047WwyN' +
    'ZlCHFLBPpIBK9c5j1wnghlTcCDzkuPYelc8m7Lnw8JBXGn/JVuqjgYEwfzAJBgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsG' +
    'AQUFBwMCMB0GA1UdEQQWMBSCEiouaG9zcGl0YWwuZXhhbXBsZTAdBgNVHQ4EFgQUXJqoQADg8yOF6Wg4u6CCaDyDqSUw' +
    'HwYDVR0jBBgwFoAUHQ0WJNAle2vmt9UOsGm1S+zfJFQwCgYIKoZIzj0EAwIDSAAwRQIgOe9pkvjXZq/ug6j4/MzjG4hp' +
    'mfgLEOLCw+QDutz/daUCIQCz4mgBJjAmLJa8FIYeVyPxz+Ih3b89353tjucFNon7vg==',
  /** The names of `issued`, for servers. */
  server:
    'MIICBjCCAaygAwIBAgIUcJxqvXHubVwrNagDf7Wok+7K0Z8wCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM1WhgPMjEyNjExMDUx' +
    'MDEzMzVaMDwxCzAJBgNVBAYTAkZSMRswGQYDVQQKDBJDZW50cmUgaG9zcGl0YWxpZXIxEDAOBgNVBAMMB2Rvc3NpZXIw' +
    'WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQOEYYoHQYA2kyCQJHOYUir1gkhMR7+FvvOS//eesvsy75E9M5O23q9+0HK' +
    'bkt40+Il1d8kPbe1y41UeJhdSAW6o4GIMIGFMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwEwIwYDVR0RBBww' +
    'GoIYZG9zc2llci5ob3NwaXRhbC5leGFtcGxlMB0GA1UdDgQWBBQEPkAmLnIMaroHlz/WmIlO2/xuwDAfBgNVHSMEGDAW' +
    'gBQdDRYk0CV7a+a31Q6wabVL7N8kVDAKBggqhkjOPQQDAgNIADBFAiBz4Po0dHpB3ovzwTcTVgtDPVUq8HJwfY0Rto29' +
    'XTba+QIhAIsgu5tjwZD/XmiHpK62sabViQRtZQE5PIdIJ60esSwA',
  /** The names of `issued`, by that one in place of an authority. */
  below:
    'MIICBjCCAaugAwIBAgIUApWkWUiOZHiEXHW1t9j3mMT6oIswCgYIKoZIzj0EAwIwPDELMAkGA1UEBhMCRlIxGzAZBgNV' +
    'BAoMEkNlbnRyZSBob3NwaXRhbGllcjEQMA4GA1UEAwwHZG9zc2llcjAgFw0yNjExMjkxMDEzMzVaGA8yMTI2MTEwNTEw' +
    'MTMzNVowPDELMAkGA1UEBhMCRlIxGzAZBgNVBAoMEkNlbnRyZSBob3NwaXRhbGllcjEQMA4GA1UEAwwHZG9zc2llcjBZ' +
    'MBMGByqGSM49AgEGCCqGSM49AwEHA0IABF59sAqyNJAfACDbOokBBbZ421yw/eCSHem44i9fwZfGhZCp0d0+x47P86un' +
    'deOJAx6028IFcR//KhyrqFM2hdGjgYgwgYUwCQYDVR0TBAIwADATBgNVHSUEDDAKBggrBgEFBQcDAjAjBgNVHREEHDAa' +
    'ghhkb3NzaWVyLmhvc3BpdGFsLmV4YW1wbGUwHQYDVR0OBBYEFHEqMyE5Lzj8UBl9KkF/u+Kqs8IqMB8GA1UdIwQYMBaA' +
    'FE0fXtW7LDVfe1VjvyolNIgBdqMIMAoGCCqGSM49BAMCA0kAMEYCIQC7yqHDLUytwTWECza6gl0P0res+Aw6LVFL8s8A' +
    'acRX9wIhAPeRLcwHepWLUOWOcMinOh+/II46GbmGxxr11RUtXwVy',
  /** `CN=dossier\\\\,O=x`: its common name has a comma. */
  posing:
    'MIIB5DCCAYqgAwIBAgIUcJxqvXHubVwrNagDf7Wok+7K0aAwCgYIKoZIzj0EAwIwPTELMAkGA1UEBhMCRlIxGTAXBgNV' +
    'BAoMEEF1dG9yaXRlIGRlIHRlc3QxEzARBgNVBAMMCkFDIGRlIHRlc3QwIBcNMjYxMTI5MTAxMzM1WhgPMjEyNjExMDUx' +
    'MDEzMzVaMEExCzAJBgNVBAYTAkZSMRswGQYDVQQKDBJDZW50cmUgaG9zcGl0YWxpZXIxFTATBgNVBAMMDGRvc3NpZXJc' +
    'LE89eDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOJ0gsR9WeDLBVY3SVpyFNIWZ34P6VxzERoABHM0Gb5kN+NgB35P' +
    'QnV8/XHiZg7unrFUGfKJua7wWc7QvoZnpeujYjBgMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0O' +
    'BBYEFKkENB3M6PIDiO/c8bV8ZBtKZj1MMB8GA1UdIwQYMBaAFB0NFiTQJXtr5rfVDrBptUvs3yRUMAoGCCqGSM49BAMC' +
    'A0gAMEUCIQC/hfq0rp5PLNN5qN/3/FFNIK5xBsomE0BrfPRkAbBTogIgRktrYxRWNd+XHYEd8tjbnulwDo5TT7Z5Vpiq' +
    'i3zmogc=',
} as const;

export type Named = keyof typeof CERTIFICATES;

/** As https://datatracker.ietf.org/doc/html/rfc9440 passes it. */
export const passed = (name: Named): string => `:${CERTIFICATES[name]}:`;

/** As nginx passes it: `$ssl_client_escaped_cert`. */
export const escaped = (name: Named): string => encodeURIComponent(new X509Certificate(der(name)).toString());

/** As it is registered. */
export function certified(name: Named): JWK {
  const jwk = new X509Certificate(der(name)).publicKey.export({ format: 'jwk' });
  return { ...jwk, x5c: [CERTIFICATES[name]], use: 'sig' } as JWK;
}

export function certificate(name: Named): X509Certificate {
  return new X509Certificate(der(name));
}

function der(name: Named): Buffer {
  return Buffer.from(CERTIFICATES[name], 'base64');
}
