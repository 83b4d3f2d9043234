/*
 * tables.c - the objects of the org and their fields: those of the standard
 * that an integration of this kind meets, and two of an administrator's.
 *
 * A line: NAME TYPE[:LENGTH][!FLAGS] [PARENTS RELATION] [=VALUE;VALUE].
 * Flags: r = set by the service, u = not filterable, x = external id,
 * q = needed.  Id, IsDeleted and the stamps come with every object.
 */
#include "sim.h"

const char *const schema_tables[] = {
	"User 005\n"
	"Username text:80!q\n"
	"FirstName text:40\n"
	"LastName text:80!q\n"
	"Name text:121!r\n"
	"Email email:128!q\n"
	"Alias text:8\n"
	"Title text:80\n"
	"Department text:80\n"
	"IsActive bool\n"
	"UserType picklist:40!r\n"
	"EmployeeNumber text:20\n"
	"ManagerId ref User Manager\n",

	"Group 00G\n"
	"Name text:40!q\n"
	"DeveloperName text:80\n"
	"Email email:128\n"
	"Type picklist:40\n",

	"Account 001\n"
	"Name text:255!q\n"
	"Type picklist:255\n"
	"ParentId ref Account Parent\n"
	"BillingStreet text:255\n"
	"BillingCity text:40\n"
	"BillingPostalCode text:20\n"
	"BillingCountry text:80\n"
	"Phone phone:40\n"
	"Website text:255\n"
	"Industry picklist:255\n"
	"NumberOfEmployees int\n"
	"AccountNumber text:40\n"
	"Description long:32000\n"
	"OwnerId ref User Owner\n"
	"MasterRecordId ref!r Account MasterRecord\n"
	"LastActivityDate date!r\n",

	"Contact 003\n"
	"AccountId ref Account Account\n"
	"LastName text:80!q\n"
	"FirstName text:40\n"
	"Salutation picklist:40\n"
	"Name text:121!r\n"
	"MailingStreet text:255\n"
	"MailingCity text:40\n"
	"MailingPostalCode text:20\n"
	"MailingCountry text:80\n"
	"Phone phone:40\n"
	"MobilePhone phone:40\n"
	"Email email:80\n"
	"Title text:128\n"
	"Department text:80\n"
	"ReportsToId ref Contact ReportsTo\n"
	"LeadSource picklist:255\n"
	"Birthdate date\n"
	"Description long:32000\n"
	"OwnerId ref User Owner\n"
	"HasOptedOutOfEmail bool\n"
	"DoNotCall bool\n"
	"EmailBouncedReason text:255\n"
	"EmailBouncedDate datetime\n"
	"IsEmailBounced bool!r\n"
	"MasterRecordId ref!r Contact MasterRecord\n"
	"LastActivityDate date!r\n",

	"Lead 00Q\n"
	"FirstName text:40\n"
	"LastName text:80!q\n"
	"Name text:121!r\n"
	"Company text:255!q\n"
	"Email email:80\n"
	"Status picklist:255\n"
	"OwnerId ref User,Group Owner\n"
	"IsConverted bool!r\n"
	"ConvertedContactId ref!r Contact ConvertedContact\n",

	"Opportunity 006\n"
	"AccountId ref Account Account\n"
	"IsPrivate bool\n"
	"Name text:120!q\n"
	"Description long:32000\n"
	"StageName picklist:255!q\n"
	"Amount num\n"
	"Probability num\n"
	"CloseDate date!q\n"
	"Type picklist:255\n"
	"NextStep text:255\n"
	"LeadSource picklist:255\n"
	"IsClosed bool!r\n"
	"IsWon bool!r\n"
	"ForecastCategoryName picklist:255\n"
	"OwnerId ref User Owner\n"
	"ContactId ref!r Contact Contact\n"
	"LastActivityDate date!r\n"
	"LastStageChangeDate datetime!r\n",

	"OpportunityContactRole 00K\n"
	"OpportunityId ref!q Opportunity Opportunity\n"
	"ContactId ref!q Contact Contact\n"
	"Role picklist:255\n"
	"IsPrimary bool\n",

	"OpportunityFieldHistory 017\n"
	"OpportunityId ref!r Opportunity Opportunity\n"
	"Field picklist:255!r\n"
	"DataType picklist:255!r\n"
	"OldValue text:255!ru\n"
	"NewValue text:255!ru\n",

	"OpportunityHistory 008\n"
	"OpportunityId ref!r Opportunity Opportunity\n"
	"StageName picklist:255!r\n"
	"CloseDate date!r\n"
	"Amount num!r\n"
	"Probability num!r\n",

	"Case 500\n"
	"CaseNumber text:30!r\n"
	"ContactId ref Contact Contact\n"
	"AccountId ref Account Account\n"
	"ParentId ref Case Parent\n"
	"SuppliedEmail email:80\n"
	"Type picklist:255\n"
	"Status picklist:255\n"
	"Reason picklist:255\n"
	"Origin picklist:255\n"
	"Subject text:255\n"
	"Priority picklist:255\n"
	"Description long:32000\n"
	"IsClosed bool!r\n"
	"ClosedDate datetime!r\n"
	"IsEscalated bool\n"
	"OwnerId ref User,Group Owner\n"
	"MasterRecordId ref!r Case MasterRecord\n",

	"Event 00U\n"
	"WhoId ref Contact,Lead Who\n"
	"WhatId ref Account,Opportunity,Case What\n"
	"Subject text:255\n"
	"Location text:255\n"
	"IsAllDayEvent bool\n"
	"ActivityDateTime datetime\n"
	"ActivityDate date\n"
	"DurationInMinutes int\n"
	"StartDateTime datetime\n"
	"EndDateTime datetime\n"
	"EndDate date!r\n"
	"Description long:32000\n"
	"AccountId ref!r Account Account\n"
	"OwnerId ref User Owner\n"
	"Type picklist:255\n"
	"IsPrivate bool\n"
	"ShowAs picklist:40\n"
	"IsChild bool!r\n"
	"IsGroupEvent bool!r\n"
	"GroupEventType picklist:40!r\n"
	"EventSubtype picklist:40\n"
	"IsArchived bool!r\n"
	"IsRecurrence bool!r\n",

	"Task 00T\n"
	"WhoId ref Contact,Lead Who\n"
	"WhatId ref Account,Opportunity,Case What\n"
	"Subject text:255\n"
	"ActivityDate date\n"
	"Status picklist:255\n"
	"Priority picklist:255\n"
	"IsHighPriority bool!r\n"
	"OwnerId ref User,Group Owner\n"
	"Description long:32000\n"
	"Type picklist:255\n"
	"IsClosed bool!r\n"
	"CompletedDateTime datetime!r\n"
	"AccountId ref!r Account Account\n"
	"TaskSubtype picklist:40\n"
	"CallType picklist:40\n"
	"IsArchived bool!r\n"
	"IsReminderSet bool\n"
	"ReminderDateTime datetime\n"
	"IsRecurrence bool!r\n",

	"EventWhoRelation 0RE\n"
	"EventId ref!r Event Event\n"
	"RelationId ref!r Contact,Lead Relation\n"
	"AccountId ref!r Account Account\n"
	"Type text:50!r\n",

	"TaskWhoRelation 0RT\n"
	"TaskId ref!r Task Task\n"
	"RelationId ref!r Contact,Lead Relation\n"
	"AccountId ref!r Account Account\n"
	"Type text:50!r\n",

	"AccountContactRelation 07k\n"
	"AccountId ref Account Account\n"
	"ContactId ref Contact Contact\n"
	"Roles text:4099\n"
	"IsDirect bool!r\n"
	"IsActive bool\n"
	"StartDate date\n"
	"EndDate date\n",

	"FeedItem 0D5\n"
	"ParentId ref Contact,Account,Opportunity,Case,User Parent\n"
	"Type picklist:40!r\n"
	"Body long:10000\n"
	"Title text:255\n",

	"PermissionSet 0PS\n"
	"Name text:80\n"
	"Label text:80\n",

	"FieldPermissions 01k\n"
	"ParentId ref PermissionSet Parent\n"
	"SobjectType picklist:255\n"
	"Field picklist:255\n"
	"PermissionsRead bool\n"
	"PermissionsEdit bool\n",

	/* What an administrator made. */
	"NPSToday_Response__c a00\n"
	"Name text:80!r\n"
	"OwnerId ref User,Group Owner\n"
	"NPSToday_ResponseId__c text:64!x\n"
	"Contact__c ref Contact Contact__r\n"
	"Campaign__c text:255\n"
	"Score__c num\n"
	"Comment__c long:32768\n"
	"AnsweredAt__c datetime\n",

	NULL };
