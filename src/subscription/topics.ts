/**
 * What can be subscribed to by topic. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html
 * A topic is told of each new version of its type; the filter is a search of that type.
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
  topic('document', 'DocumentReference', 'a document was added or changed'),
  topic('vaccination', 'Immunization', 'a vaccination was added or changed'),
  topic('report', 'DiagnosticReport', 'a report was added or changed'),
  topic('measure', 'Observation', 'a measure was added or changed'),
  topic('consent', 'Consent', 'a consent was given or changed'),
  topic('appointment', 'Appointment', 'an appointment was made or changed'),
];

export const topicOf = (url: string): Topic | undefined => TOPICS.find((each) => each.url === url);
