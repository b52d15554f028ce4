/**
 * What can be subscribed to by topic. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html
 * A topic is told of each new version of its type and of each deletion; the filter is a search of that type, of a
 * deletion held against what was deleted.
 */

export interface Topic {
  /** Canonical address. */
  url: string;
  title: string;
  type: string;
}

const topic = (name: string, type: string, title: string): Topic => ({
  url: `https://carnet.example/fhir/SubscriptionTopic/${name}`,
  title,
  type,
});

export const TOPICS: readonly Topic[] = [
  topic('document', 'DocumentReference', 'a document was added, changed or deleted'),
  topic('vaccination', 'Immunization', 'a vaccination was added, changed or deleted'),
  topic('report', 'DiagnosticReport', 'a report was added, changed or deleted'),
  topic('measure', 'Observation', 'a measure was added, changed or deleted'),
  topic('consent', 'Consent', 'a consent was given, changed or deleted'),
  topic('appointment', 'Appointment', 'an appointment was made, changed or deleted'),
];

export const topicOf = (url: string): Topic | undefined => TOPICS.find((each) => each.url === url);
