/*
 * hubspot.js - the HubSpot of the tests as matrix.js wants a CRM: people, what
 * happens to them, their tags.
 */
'use strict';

const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';
const OWNER = { hubspot_owner_id: '778899' };
const time = (t) => t.toISOString();
const made = (sim, type, set, { person, ...more }) => sim.ask('record', { type,
	set: { ...set, ...OWNER }, contacts: person ? [person] : [], ...more });

const events = {
	meet: (sim, ended, more) => made(sim, 'meetings', {
		hs_meeting_title: 'Møde', hs_timestamp: time(ended),
		hs_meeting_start_time: time(ended),
		hs_meeting_end_time: time(ended), hs_meeting_outcome: 'COMPLETED' },
	    more),
	sale: (sim, ended, more) => made(sim, 'deals', { dealname: 'Aftale',
		dealtype: 'newbusiness', dealstage: 'closedwon',
		closedate: time(ended) }, more),
	case: (sim, ended, more) => made(sim, 'tickets', { subject: 'Sag',
		hs_pipeline_stage: '4' }, more),
};

const crm = {
	name: 'hubspot', named: /\bhs\b/,
	options: ['--seed-world', '30', '--events', '30', '--tags', 'text'],
	conf: (server, secret) => `name = "hs"; driver = "hubspot";
		base_url = "${server.url}"; token = "${secret('token', TOKEN)}";
		 search_rate = 5.0;
		rate_per_second = 10.0; backoff_s = 0.1; backoff_max_s = 0.2;`,
	tagged: { npstoday_tags: 'VIP' },
	refusals: { optout: { hs_email_optout: 'true' },
		nosend: { npstoday_tags: 'NPSToday.NoSend',
			reason: 'no_send' } },
	person: async (sim, email, fields) => (await made(sim, 'contacts', {
		email, firstname: 'Åse', lastname: 'Sørensen',
		...fields }, {})).id,
	event: (sim, kind, person, ended, { late_s = 0 }) =>
		events[kind](sim, ended, { person, late_s }),
	filler: (sim, count, ended) => events.meet(sim, ended, { count }),
	deals: (sim, { id }, count, ended) => made(sim, 'deals', {
		dealname: 'Gammel', dealtype: 'newbusiness',
		dealstage: 'closedwon', closedate: time(ended) },
	    { person: id, count }),
	deals_edit: (sim) => sim.ask('update', { type: 'deals', filters: [{
		propertyName: 'dealname', operator: 'EQ', value: 'Gammel' }],
		set: { hubspot_owner_id: '778800' } }),
	async tags(sim) {
		const { rows } = await sim.ask('rows', { type: 'contacts',
			limit: 1000 });
		return new Map(rows.map((r) => [String(r.id),
			(r.properties.npstoday_tags ?? '').split(';')
			    .filter(Boolean)]));
	},
};

module.exports = { crm };
