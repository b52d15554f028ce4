/** An access history as Parameters, as a Bundle of its AuditEvents, as CSV and as PDF. */
import { csvOf } from '../audit/history/csv.ts';
import { TITLES } from '../audit/history/headings.ts';
import type { Line } from '../audit/history/line.ts';
import { pdfOf } from '../audit/history/pdf.ts';
import { type Things, howMany } from '../audit/history/summary.ts';
import { type Clock, during } from '../audit/history/when.ts';
import type { Json } from '../fhir/resource.ts';
import { bundleOf, searchEntry } from '../interaction/bundle.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { instant, whoOf } from './access-history-parts.ts';
import type { Asked } from './access-history-query.ts';
import type { HistoryPage } from './access-history.ts';
import { type FileName, fileAnswer } from './file.ts';
import { told } from './language.ts';

const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

interface Around {
  exchange: Exchange;
  clock: Clock;
}

export async function answerAs(asked: Asked, page: HistoryPage, around: Around): Promise<Answer> {
  const { lines } = page;
  const { exchange, clock } = around;
  switch (asked.form) {
    case 'parameters':
      return answerOf(
        lines.map((each) => visitOf(each, clock)),
        clock,
        page,
      );
    case 'bundle':
      return bundle(page, exchange);
    case 'csv':
      return linked(
        fileAnswer(
          exchange,
          'text/csv; charset=utf-8; header=present',
          csvOf(lines, clock),
          nameOf(clock, 'csv'),
        ),
        page,
      );
    case 'pdf':
      return linked(
        fileAnswer(exchange, 'application/pdf', await pdfOf(lines, clock), nameOf(clock, 'pdf')),
        page,
      );
  }
}

function nameOf({ language }: Clock, ending: string): FileName {
  return { language, name: `${TITLES.file[language]}.${ending}` };
}

function bundle({ traces, next }: HistoryPage, { base, url }: Exchange): Answer {
  const links = [
    { relation: 'self', url: `${base}/${url}` },
    ...(next === undefined ? [] : [{ relation: 'next', url: next }]),
  ];
  const entries = traces.map((trace) => searchEntry(base, trace, trace.body, 'match'));
  return { status: 200, body: bundleOf({ type: 'searchset', links }, entries) };
}

/** As Parameters. */
export function answerOf(
  parts: readonly Json[],
  { language }: Clock,
  page: Pick<HistoryPage, 'next'>,
): Answer {
  const { next } = page;
  return linked(
    told(language, [...parts, ...(next === undefined ? [] : [{ name: 'next', valueUri: next }])]),
    page,
  );
}

function linked(answer: Answer, { next }: Pick<HistoryPage, 'next'>): Answer {
  if (next === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, link: `<${next}>; rel="next"` } };
}

function visitOf(line: Line, clock: Clock): Json {
  const { text, summary, who, mode, purposes, reason, kinds, resources, titles, addresses, traces } = line;
  return {
    name: 'visit',
    part: [
      { name: 'text', valueString: text },
      { name: 'when', valuePeriod: { start: instant(summary.from), end: instant(summary.to) } },
      { name: 'whenText', valueString: during(summary.from, summary.to, clock) },
      ...whoOf(who, clock),
      { name: 'mode', valueCode: mode },
      ...purposes.map((code) => ({ name: 'purpose', valueCoding: { system: ACT_REASON, code } })),
      ...(reason === undefined ? [] : [{ name: 'reason', valueString: reason }]),
      ...kinds.map((kind) => ({ name: 'kind', valueCode: kind })),
      ...counted(line),
      ...resources.map((reference) => ({
        name: 'resource',
        valueReference: titled(reference, titles.get(reference)),
      })),
      ...addresses.map((address) => ({ name: 'address', valueString: address })),
      ...(line.outside ? [{ name: 'outside', valueBoolean: true }] : []),
      ...(line.cut ? [{ name: 'continued', valueBoolean: true }] : []),
      ...traces.map((id) => ({ name: 'trace', valueReference: { reference: `AuditEvent/${id}` } })),
    ],
  };
}

function titled(reference: string, display: string | undefined): Json {
  return { reference, ...(display === undefined ? {} : { display }) };
}

/** How many of each were seen, added, changed, deleted or refused. */
function counted({ summary }: Line): Json[] {
  const deeds: [string, Things][] = [
    ['seen', summary.seen],
    ['added', summary.added],
    ['changed', summary.changed],
    ['deleted', summary.deleted],
    ['refused', summary.refused],
  ];
  return deeds
    .filter(([, things]) => howMany(things) > 0)
    .map(([name, things]) => ({
      name,
      part: [
        { name: 'count', valueUnsignedInt: howMany(things) },
        ...[...things].map(([thing, count]) => ({
          name: 'of',
          part: [
            { name: 'what', valueCode: thing },
            { name: 'count', valueUnsignedInt: count },
          ],
        })),
      ],
    }));
}
