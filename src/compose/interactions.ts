/** Every interaction by its name in the route table. */
import { docref } from '../documents/docref.ts';
import { generateMetadata } from '../documents/generate-metadata.ts';
import { patchDocument, patchMetadata } from '../documents/metadata.ts';
import { provide } from '../documents/provide.ts';
import { publish } from '../documents/publish.ts';
import { search } from '../documents/search.ts';
import { accessHistory } from '../operation/access-history.ts';
import { accessStatus } from '../operation/access-status.ts';
import { accessPreview } from '../operation/access-preview.ts';
import { breakGlass } from '../operation/break-glass.ts';
import { documentHtml } from '../operation/document-html.ts';
import { enforcementStatus } from '../operation/enforcement-status.ts';
import { everything } from '../operation/everything.ts';
import { explainAccess } from '../operation/explain-access.ts';
import { meta, metaAdd, metaDelete } from '../operation/meta.ts';
import { noticePreferences, setNoticePreferences } from '../operation/notice-preferences.ts';
import { notices, readNotices } from '../operation/notices.ts';
import { patientMatch } from '../operation/patient-match.ts';
import { bindingToken } from '../operation/subscription-binding.ts';
import { subscriptionEvents } from '../operation/subscription-events.ts';
import { subscriptionStatus } from '../operation/subscription-status.ts';
import { expand } from '../operation/terminology/expand.ts';
import { lookup } from '../operation/terminology/lookup.ts';
import { translateCode } from '../operation/terminology/translate.ts';
import { validateCodeInSet, validateCodeInSystem } from '../operation/terminology/validate-code.ts';
import { validateOperation } from '../operation/validate.ts';
import type { Context } from '../interaction/context.ts';
import { conditionalRemove, remove } from '../interaction/delete.ts';
import { readDefinition, searchDefinitions } from '../interaction/definitions.ts';
import type { Exchange, Interaction } from '../interaction/exchange.ts';
import { history } from '../interaction/history.ts';
import { read, vread } from '../interaction/read.ts';
import { searchCompartment, searchSystem } from '../interaction/search.ts';
import { conditionalUpdate, update } from '../interaction/update.ts';
import { summary } from '../record/summary/summary.ts';

export function interactions(context: Context) {
  const within =
    (work: (context: Context, exchange: Exchange) => ReturnType<Interaction>): Interaction =>
    async (exchange) =>
      work(context, exchange);
  return {
    read,
    vread,
    create: within(publish),
    update: within(update),
    patch: within(patchDocument),
    delete: within(remove),
    'conditional-update': within(conditionalUpdate),
    'conditional-patch': within(patchMetadata),
    'conditional-delete': within(conditionalRemove),
    'search-type': within(search),
    'search-system': within(searchSystem),
    'search-compartment': within(searchCompartment),
    'history-instance': within(history),
    'history-type': within(history),
    'history-system': within(history),
    transaction: within(provide),
    $validate: validateOperation,
    $match: within(patientMatch),
    $docref: within(docref),
    '$generate-metadata': within(generateMetadata),
    '$access-status': within(accessStatus),
    $meta: within(meta),
    '$meta-add': within(metaAdd),
    '$meta-delete': within(metaDelete),
    '$enforcement-status': within(enforcementStatus),
    '$explain-access': within(explainAccess),
    '$access-preview': within(accessPreview),
    '$access-history': within(accessHistory),
    '$break-glass': within(breakGlass),
    $everything: within(everything),
    $summary: within(summary),
    $html: documentHtml,
    $notices: within(notices),
    '$notices-read': within(readNotices),
    '$notice-preferences': within(noticePreferences),
    '$notice-preferences-set': within(setNoticePreferences),
    'read-definition': readDefinition,
    'search-definitions': searchDefinitions,
    $expand: expand,
    '$validate-code': validateCodeInSet,
    '$validate-code-system': validateCodeInSystem,
    $lookup: lookup,
    $translate: translateCode,
    $status: within(subscriptionStatus),
    $events: within(subscriptionEvents),
    '$get-ws-binding-token': within(bindingToken),
  } satisfies Record<string, Interaction>;
}
